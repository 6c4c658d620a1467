//! A small world on loopback that speaks the real wire protocols; it imports nothing of the bot.

pub mod page;
pub mod telegram;
pub mod kubernetes;
pub mod reconciler;
pub mod registry;
pub mod remote;
pub mod world;
