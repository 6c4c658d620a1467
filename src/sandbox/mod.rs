//! A small world on loopback that speaks the real wire protocols; it imports nothing of the bot.

pub mod kubernetes;
pub mod page;
pub mod reconciler;
pub mod registry;
pub mod remote;
pub mod stage;
pub mod telegram;
pub mod world;
