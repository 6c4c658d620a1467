//! Who may do what: nothing is allowed that the configuration doesn't name.

use serde::Serialize;

use super::{
    actor::{Actor, ChatId, Person, PersonId, Place, Right, Sender},
    command::{Command, Query},
};

/// The people and chats of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    /// Everyone who may give commands.
    pub people: Vec<Person>,
    /// The group chats that are listened to.
    pub chats: Vec<ChatId>,
    /// Whether people of the list may write to the bot in private.
    pub private_chats: bool,
}

/// Why a request is refused before it is looked at any closer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Denial {
    /// The chat isn't in the configuration.
    #[error("chat {} is not in the configuration", .0.0)]
    UnknownChat(ChatId),
    /// The person isn't in the configuration.
    #[error("person {} is not in the configuration", .0.0)]
    UnknownPerson(PersonId),
    /// The sender hides behind a group or a channel.
    #[error("whoever writes in the name of a group or a channel cannot give commands")]
    Anonymous,
    /// The person is in the configuration, but not with this right.
    #[error("this person does not have the right {0:?}")]
    Without(Right),
    /// The user of the GitLab job isn't in the configuration, which names those who may.
    #[error("GitLab user {0} is not in the configuration")]
    UnknownGitLabUser(u64),
}

impl Policy {
    /// Decides whether the sender may give this command here, and as whom.
    ///
    /// `/whoami` and `/start` are answered to strangers as well: they tell only what the asker sends, and the numbers
    /// are what an operator needs to let somebody in. An anonymous administrator may read, but not change; who posts in
    /// the name of a channel need not be an administrator, so that is a stranger.
    ///
    /// # Errors
    /// [`Denial`] when nothing in the configuration allows it.
    pub fn authorise(&self, sender: &Sender, place: Place, command: Option<&Command>) -> Result<Option<Actor>, Denial> {
        if matches!(command, Some(Command::Query(Query::WhoAmI | Query::Start))) {
            return Ok(self.actor(sender).ok());
        }
        match place {
            Place::Group(chat) if !self.chats.contains(&chat) => return Err(Denial::UnknownChat(chat)),
            Place::Private(chat) if !self.private_chats => return Err(Denial::UnknownChat(chat)),
            Place::Group(_) | Place::Private(_) | Place::Terminal => {}
        }
        match (sender, command) {
            (Sender::Anonymous, Some(Command::Query(_))) => Ok(None),
            (_, Some(Command::Operation(_))) => {
                let actor = self.actor(sender)?;
                if self.holds(sender, Right::Nodes) { Ok(Some(actor)) } else { Err(Denial::Without(Right::Nodes)) }
            }
            (_, Some(Command::Review(_))) => {
                let actor = self.actor(sender)?;
                if self.holds(sender, Right::Review) { Ok(Some(actor)) } else { Err(Denial::Without(Right::Review)) }
            }
            _ => self.actor(sender).map(Some),
        }
    }

    /// Whether somebody who reads an answer here may do what needs this right: then it is offered. Who presses is
    /// checked all the same.
    #[must_use]
    pub fn offers(&self, right: Right, place: Place) -> bool {
        let has = |person: &Person| person.rights.contains(&right);
        match place {
            Place::Group(_) => self.people.iter().any(has),
            Place::Private(chat) => self.people.iter().any(|person| person.id.0 == chat.0 && has(person)),
            Place::Terminal => true,
        }
    }

    /// The same for changes of the manifests, which everybody in the configuration may ask for.
    #[must_use]
    pub fn offers_changes(&self, place: Place) -> bool {
        match place {
            Place::Group(_) => !self.people.is_empty(),
            Place::Private(chat) => self.people.iter().any(|person| person.id.0 == chat.0),
            Place::Terminal => true,
        }
    }

    /// Whoever runs the program with its credentials could do as much with these alone.
    fn holds(&self, sender: &Sender, right: Right) -> bool {
        match sender {
            Sender::Account { id, .. } => {
                self.people.iter().any(|person| person.id == *id && person.rights.contains(&right))
            }
            Sender::Operator { .. } => match sender.gitlab_user().filter(|_| self.knows_gitlab_users()) {
                Some(user) => self.gitlab_person(user).is_some_and(|person| person.rights.contains(&right)),
                None => true,
            },
            Sender::Anonymous | Sender::Channel => false,
        }
    }

    fn actor(&self, sender: &Sender) -> Result<Actor, Denial> {
        match sender {
            Sender::Account { id, .. } => {
                let person = self.people.iter().find(|p| p.id == *id).ok_or(Denial::UnknownPerson(*id))?;
                Ok(Actor {
                    name: person.name.clone(),
                    email: person.email.clone(),
                    account: format!("telegram {}", id.0),
                })
            }
            Sender::Anonymous | Sender::Channel => Err(Denial::Anonymous),
            Sender::Operator { name, email, account } => {
                let (name, email) = match sender.gitlab_user().filter(|_| self.knows_gitlab_users()) {
                    Some(user) => {
                        let person = self.gitlab_person(user).ok_or(Denial::UnknownGitLabUser(user))?;
                        (&person.name, &person.email)
                    }
                    None => (name, email),
                };
                Ok(Actor { name: name.clone(), email: email.clone(), account: account.clone() })
            }
        }
    }

    /// Whether the configuration says who may give commands in GitLab jobs: as soon as it names one.
    fn knows_gitlab_users(&self) -> bool {
        self.people.iter().any(|person| person.gitlab.is_some())
    }

    fn gitlab_person(&self, user: u64) -> Option<&Person> {
        self.people.iter().find(|person| person.gitlab == Some(user))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        actor::gitlab_account,
        catalogue::Target,
        command::{Mutation, Operation},
        name::NodeName,
        node::Scheduling,
    };

    fn policy() -> Policy {
        let anna = Person {
            id: PersonId(1),
            name: "Анна".into(),
            email: "anna@example.org".into(),
            rights: [].into(),
            gitlab: None,
        };
        Policy { people: vec![anna], chats: vec![ChatId(-100)], private_chats: false }
    }

    fn account(id: i64) -> Sender {
        Sender::Account { id: PersonId(id), shown_name: "x".into() }
    }

    #[test]
    fn nobody_gets_in_by_default() {
        let scale = Command::Mutation(Target::default(), Mutation::SetReplicas(1));
        let apps = Command::Query(Query::Apps);
        let group = Place::Group(ChatId(-100));
        let ask = |sender: &Sender, place, command: &Command| policy().authorise(sender, place, Some(command));

        assert_eq!(ask(&account(1), group, &scale).map(|a| a.map(|a| a.account)), Ok(Some("telegram 1".into())));
        assert_eq!(ask(&account(2), group, &scale), Err(Denial::UnknownPerson(PersonId(2))));
        assert_eq!(ask(&account(2), group, &apps), Err(Denial::UnknownPerson(PersonId(2))));
        assert_eq!(ask(&account(1), Place::Group(ChatId(-7)), &apps), Err(Denial::UnknownChat(ChatId(-7))));
        assert_eq!(ask(&account(1), Place::Private(ChatId(1)), &apps), Err(Denial::UnknownChat(ChatId(1))));
        assert_eq!(ask(&Sender::Anonymous, group, &scale), Err(Denial::Anonymous));
        assert_eq!(ask(&Sender::Anonymous, group, &apps), Ok(None));
        assert_eq!(ask(&Sender::Channel, group, &scale), Err(Denial::Anonymous));
        assert_eq!(ask(&Sender::Channel, group, &apps), Err(Denial::Anonymous), "anybody may post as a channel");
        assert_eq!(policy().authorise(&Sender::Anonymous, group, None), Err(Denial::Anonymous));
        assert_eq!(
            Policy::default().authorise(&account(1), group, Some(&apps)),
            Err(Denial::UnknownChat(ChatId(-100)))
        );
    }

    #[test]
    fn nodes_need_a_right_of_their_own() {
        let mut policy = policy();
        let group = Place::Group(ChatId(-100));
        let node = NodeName::new("worker-1").expect("a name");
        let cordon = Command::Operation(Operation { change: Scheduling::Cordon, node, confirmed: true });
        let nodes = Command::Query(Query::GetNodes(None));
        let without = Err(Denial::Without(Right::Nodes));
        assert_eq!(policy.authorise(&account(1), group, Some(&cordon)), without);
        assert_eq!(policy.authorise(&account(2), group, Some(&cordon)), Err(Denial::UnknownPerson(PersonId(2))));
        assert_eq!(policy.authorise(&Sender::Anonymous, group, Some(&cordon)), Err(Denial::Anonymous));
        assert!(policy.authorise(&account(1), group, Some(&nodes)).is_ok());
        assert!(!policy.offers(Right::Nodes, group) && policy.offers(Right::Nodes, Place::Terminal));

        policy.people[0].rights.insert(Right::Nodes);
        assert!(policy.authorise(&account(1), group, Some(&cordon)).is_ok());
        assert!(policy.offers(Right::Nodes, group), "to somebody in it");
        assert!(policy.offers(Right::Nodes, Place::Private(ChatId(1))));
        assert!(!policy.offers(Right::Nodes, Place::Private(ChatId(2))));
        let elsewhere = Place::Group(ChatId(-7));
        assert_eq!(policy.authorise(&account(1), elsewhere, Some(&cordon)), Err(Denial::UnknownChat(ChatId(-7))));
        let operator = Sender::Operator { name: "x".into(), email: "x@example.org".into(), account: "local 0".into() };
        assert!(policy.authorise(&operator, Place::Terminal, Some(&cordon)).is_ok());
    }

    #[test]
    fn changes_are_offered_where_somebody_may_ask_for_them() {
        let policy = policy();
        let group = Place::Group(ChatId(-100));
        assert!(policy.offers_changes(group) && policy.offers_changes(Place::Private(ChatId(1))));
        assert!(policy.offers_changes(Place::Terminal) && !policy.offers_changes(Place::Private(ChatId(2))));
        assert!(!Policy::default().offers_changes(group));
    }

    #[test]
    fn gitlab_users_are_checked_once_one_is_named() {
        let mut policy = policy();
        let job =
            |user| Sender::Operator { name: "anna".into(), email: "anna@gitlab".into(), account: gitlab_account(user) };
        let deploy = Command::Mutation(Target::default(), Mutation::SetReplicas(1));
        let node = NodeName::new("worker-1").expect("a name");
        let cordon = Command::Operation(Operation { change: Scheduling::Cordon, node, confirmed: true });
        let ask = |policy: &Policy, sender: &Sender, command: &Command| {
            let actor = policy.authorise(sender, Place::Terminal, Some(command))?.expect("somebody");
            Ok((actor.name, actor.email, actor.account))
        };
        let as_told = ("anna".into(), "anna@gitlab".into(), "gitlab 42".into());
        assert_eq!(ask(&policy, &job(42), &deploy), Ok(as_told), "whoever has the credentials");
        assert!(ask(&policy, &job(42), &cordon).is_ok());

        policy.people[0].gitlab = Some(42);
        let as_configured = ("Анна".into(), "anna@example.org".into(), "gitlab 42".into());
        assert_eq!(ask(&policy, &job(42), &deploy), Ok(as_configured));
        assert_eq!(ask(&policy, &job(7), &deploy), Err(Denial::UnknownGitLabUser(7)));
        assert_eq!(ask(&policy, &job(42), &cordon), Err(Denial::Without(Right::Nodes)));
        assert_eq!(ask(&policy, &job(7), &cordon), Err(Denial::UnknownGitLabUser(7)));
        let apps = Command::Query(Query::Apps);
        assert_eq!(ask(&policy, &job(7), &apps), Err(Denial::UnknownGitLabUser(7)));
        let local = Sender::Operator { name: "x".into(), email: "x@y".into(), account: "local 0".into() };
        assert!(ask(&policy, &local, &cordon).is_ok(), "a shell isn't a job");
        policy.people[0].rights.insert(Right::Nodes);
        assert!(ask(&policy, &job(42), &cordon).is_ok());
    }

    #[test]
    fn strangers_may_learn_their_own_number() {
        let who = Command::Query(Query::WhoAmI);
        assert_eq!(policy().authorise(&account(9), Place::Private(ChatId(9)), Some(&who)), Ok(None));
    }

    #[test]
    fn review_environments_are_the_pipelines() {
        let name = crate::domain::name::EnvironmentName::new("x").expect("a name");
        let change = crate::domain::review::ReviewChange::Remove;
        let command = Command::Review(crate::domain::review::ReviewCommand { application: None, name, change });
        let mut policy = policy();
        policy.people[0].rights.insert(Right::Nodes);
        let ask = |sender: &Sender, place| policy.authorise(sender, place, Some(&command));
        let group = Place::Group(ChatId(-100));
        assert_eq!(ask(&account(1), group), Err(Denial::Without(Right::Review)), "whatever other rights there are");
        assert_eq!(ask(&account(2), group), Err(Denial::UnknownPerson(PersonId(2))));
        assert_eq!(ask(&Sender::Anonymous, group), Err(Denial::Anonymous));
        let job = Sender::Operator { name: "x".into(), email: "x@example.org".into(), account: "gitlab 1".into() };
        assert!(matches!(ask(&job, Place::Terminal), Ok(Some(actor)) if actor.account == "gitlab 1"));
    }
}
