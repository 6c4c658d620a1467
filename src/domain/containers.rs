//! What is told of the tags of an application's image: a page of them, and where which one is wanted and runs.

use std::{ops::Range, time::Duration};

use serde::Serialize;

use super::{
    name::{ApplicationName, ImageName},
    node::Page,
    registry_fault::RegistryFault,
    unread::Unread,
};

/// How many tags a page has.
pub const PAGE: usize = 10;

/// The tags of an application's image.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ContainersReport {
    /// The application.
    pub application: ApplicationName,
    /// The environment that was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The image.
    pub image: ImageName,
    /// The tags, or why the registry didn't tell them.
    pub tags: Result<TagPage, RegistryFault>,
    /// Each environment of the application.
    pub places: Vec<PlaceReport>,
    /// The tags that git wants or the cluster runs, and the registry doesn't have.
    pub absent: Vec<AbsentTag>,
    /// The site that a "deploy" button is for: the only one there is, or the one that was named.
    pub deploy_to: Option<String>,
    /// Whether somebody who reads this may deploy.
    pub may_deploy: bool,
}

/// A page of tags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TagPage {
    /// The tags, newest first.
    pub tags: Vec<TagReport>,
    /// How many tags there are in all.
    pub total: usize,
    /// Whether the registry has more than are read, so that any may be missing, the newest as well.
    pub is_cut: bool,
    /// The page, where there are several; `None` as well when these are all of them.
    pub page: Option<Page>,
    /// Why some digests, sizes and ages are missing, when the registry didn't tell them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<RegistryFault>,
}

/// One tag of a list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct TagReport {
    /// The tag.
    pub tag: String,
    /// Time since it was pushed, or where the registry doesn't tell that, since the image was made.
    pub age: Option<Duration>,
    /// The compressed size in bytes, where the registry tells.
    pub size: Option<u64>,
    /// The manifest's digest, where the registry tells.
    pub digest: Option<String>,
    /// The first tag of the page that stands for the same image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub same_as: Option<String>,
    /// Whether the registry has it no longer: the list was a little old.
    pub gone: bool,
    /// The environments that git wants it in.
    pub wanted_in: Vec<String>,
    /// The environments that run it.
    pub running_in: Vec<String>,
}

/// What an environment has of the image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlaceReport {
    /// The environment.
    pub environment: String,
    /// The tag that git wants there, if it sets one, or why that can't be told.
    pub wanted: Result<Option<String>, Unread>,
    /// The tags that ready pods there have, the newest template's first: during a rollout old and new run side by side, and
    /// of a version that doesn't come up none does. Or why that can't be told.
    pub running: Result<Vec<String>, Unread>,
    /// Whether the workload's template there has another image.
    pub other_image: bool,
    /// The page that the wanted tag is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted_on: Option<u32>,
}

/// A tag that is wanted or runs, and isn't in the registry's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AbsentTag {
    /// The tag.
    pub tag: String,
    /// The environments that git wants it in.
    pub wanted_in: Vec<String>,
    /// The environments that run it.
    pub running_in: Vec<String>,
    /// Whether the registry said that there is none, when asked for this very tag.
    pub confirmed: bool,
}

/// The rows of a page, and its number where there are several; `Err` has the number of the last one.
///
/// # Errors
/// When there is no such page.
pub fn page(total: usize, number: u32) -> Result<(Range<usize>, Option<Page>), u32> {
    let of = pages(total);
    if !(1..=of).contains(&number) {
        return Err(of);
    }
    let start = (number as usize - 1) * PAGE;
    Ok((start..(start + PAGE).min(total), (of > 1).then_some(Page { number, of })))
}

/// The number of the page that a row is on.
#[must_use]
pub fn page_of(index: usize) -> u32 {
    u32::try_from(index / PAGE + 1).unwrap_or(u32::MAX)
}

fn pages(total: usize) -> u32 {
    u32::try_from(total.div_ceil(PAGE).max(1)).unwrap_or(u32::MAX)
}

impl PlaceReport {
    /// The environments of these where git wants the tag.
    #[must_use]
    pub fn wanting(places: &[Self], tag: &str) -> Vec<String> {
        Self::names(places, |place| place.wanted == Ok(Some(tag.to_owned())))
    }

    /// The environments of these that run the tag.
    #[must_use]
    pub fn running(places: &[Self], tag: &str) -> Vec<String> {
        Self::names(places, |place| place.running.iter().flatten().any(|running| running == tag))
    }

    /// The tags that are wanted or run somewhere, each once.
    #[must_use]
    pub fn tags(places: &[Self]) -> Vec<String> {
        let wanted = places.iter().filter_map(|place| place.wanted.as_ref().ok()?.as_ref());
        let running = places.iter().flat_map(|place| place.running.iter().flatten());
        let mut tags: Vec<String> = wanted.chain(running).cloned().collect();
        tags.sort();
        tags.dedup();
        tags
    }

    fn names(places: &[Self], holds: impl Fn(&Self) -> bool) -> Vec<String> {
        places.iter().filter(|place| holds(place)).map(|place| place.environment.clone()).collect()
    }
}

/// Notes at each tag which one before it stands for the same image.
pub fn mark_same_images(tags: &mut [TagReport]) {
    for index in 1..tags.len() {
        let (before, rest) = tags.split_at_mut(index);
        let Some(digest) = &rest[0].digest else { continue };
        rest[0].same_as =
            before.iter().find(|other| other.digest.as_ref() == Some(digest)).map(|other| other.tag.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_on_one_page() {
        assert_eq!(page(0, 1), Ok((0..0, None)));
        assert_eq!(page(10, 1), Ok((0..10, None)));
        assert_eq!(page(10, 2), Err(1));
        assert_eq!(page(11, 0), Err(2));
        assert_eq!(page(11, 2), Ok((10..11, Some(Page { number: 2, of: 2 }))));
        for total in [1, 9, 10, 11, 26, 5_000] {
            let rows: Vec<usize> =
                (1..).map_while(|number| page(total, number).ok()).flat_map(|(rows, _)| rows).collect();
            assert_eq!(rows, (0..total).collect::<Vec<_>>());
            assert!(rows.iter().all(|row| page(total, page_of(*row)).is_ok_and(|(rows, _)| rows.contains(row))));
        }
        assert_eq!(page(5_000, u32::MAX), Err(500));
    }

    #[test]
    fn the_second_name_of_an_image_tells_of_the_first() {
        let tag = |tag: &str, digest: Option<&str>| TagReport {
            tag: tag.into(),
            digest: digest.map(str::to_owned),
            ..TagReport::default()
        };
        let mut tags = [tag("a", Some("1")), tag("b", None), tag("c", Some("1")), tag("d", None), tag("e", Some("1"))];
        mark_same_images(&mut tags);
        let same: Vec<Option<&str>> = tags.iter().map(|tag| tag.same_as.as_deref()).collect();
        assert_eq!(same, [None, None, Some("a"), None, Some("a")]);
    }

    #[test]
    fn what_is_not_known_is_neither_wanted_nor_running() {
        let place = |environment: &str, wanted: Option<&str>, running: Result<&[&str], &str>| {
            let own = |tags: &[&str]| tags.iter().map(|&tag| tag.to_owned()).collect();
            PlaceReport {
                environment: environment.into(),
                wanted: Ok(wanted.map(str::to_owned)),
                running: running.map(own).map_err(Unread::from),
                other_image: false,
                wanted_on: None,
            }
        };
        let places = [place("prod", Some("1"), Err("late")), place("stage", None, Ok(&["1", "0"]))];
        assert_eq!(PlaceReport::wanting(&places, "1"), ["prod"]);
        assert_eq!(PlaceReport::running(&places, "1"), ["stage"]);
        assert_eq!(PlaceReport::running(&places, "0"), ["stage"], "both run during a rollout");
        assert_eq!(PlaceReport::tags(&places), ["0", "1"]);
    }
}
