//! `tiphys edit` from outside: the built program in folders of its own.

#[path = "edit/diff.rs"]
mod diff;
#[path = "edit/faults.rs"]
mod faults;
#[path = "edit/files.rs"]
mod files;
#[path = "edit/forms.rs"]
mod forms;
#[path = "edit/interrupted.rs"]
mod interrupted;
#[path = "edit/kinds.rs"]
mod kinds;
#[path = "edit/output.rs"]
mod output;
#[path = "edit/support.rs"]
mod support;
