//! Before/after pairs in one text each.

use tiphys::manifest::value::NewValue;

/// One pair. `«old|new»` in the text marks what is to change; all the rest is equal before and after.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    pub(crate) value: NewValue<'static>,
    marked: &'static str,
}

pub(crate) const fn case(
    name: &'static str,
    path: &'static str,
    value: NewValue<'static>,
    marked: &'static str,
) -> Case {
    Case { name, path, value, marked }
}

impl Case {
    /// The text before and after.
    pub(crate) fn texts(&self) -> (String, String) {
        let (mut before, mut after) = (String::new(), String::new());
        let mut rest = self.marked;
        while let Some((kept, marked)) = rest.split_once('«') {
            let (change, behind) = marked.split_once('»').expect("a closing mark");
            let (old, new) = change.rsplit_once('|').expect("old and new");
            before.extend([kept, old]);
            after.extend([kept, new]);
            rest = behind;
        }
        assert!(!before.is_empty() || !after.is_empty() || rest.is_empty(), "{}: nothing marked", self.name);
        before.push_str(rest);
        after.push_str(rest);
        (before, after)
    }
}
