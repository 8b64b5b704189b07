//! The faults that are played, in this order.

mod clock;
mod database;
mod disk;
mod file;
mod freeze;
mod hostile;
mod kill;
mod network;
mod overload;
mod roll;
mod watchers;

use std::pin::Pin;

use crate::stage::Stage;

/// Why a fault cannot be played here.
pub type Played = Result<(), String>;

/// One playing of a fault, in a round.
type Playing<'a> = Pin<Box<dyn Future<Output = Played> + 'a>>;

pub struct Fault {
    pub name: &'static str,
    pub about: &'static str,
    pub play: for<'a> fn(&'a Stage, usize) -> Playing<'a>,
}

macro_rules! faults {
    ($($name:literal, $play:path, $about:literal;)*) => {
        pub const FAULTS: &[Fault] = &[$(Fault {
            name: $name,
            about: $about,
            play: |stage, round| Box::pin($play(stage, round)),
        }),*];
    };
}

faults! {
    "kill", kill::play, "kill -9 of one replica of each role, and of both at once";
    "postgres", database::play, "PostgreSQL stops at once, and in good order, and starts again";
    "read-only", database::read_only, "PostgreSQL takes no writes for a while";
    "cut", network::cut, "the network between two places drops everything, in both directions or in one";
    "loss", network::loss, "one packet in twenty is lost";
    "delay", network::delay, "everything between gateway and services is held back";
    "slow-disk", disk::slow, "PostgreSQL's disk takes few writes a second";
    "full-disk", disk::full, "PostgreSQL's disk is full, then there is space again";
    "full-file", file::play, "the disk under SQLite is full, then there is space again";
    "clock", clock::play, "the clock jumps an hour ahead and an hour back";
    "freeze", freeze::play, "a replica of each service stands still for half a minute, then goes on";
    "overload", overload::play, "several times as many clients as there is room for, without a pause";
    "roll", roll::play, "keys are renamed, and each process is asked to stop and is started again, one after the other";
    "watchers", watchers::play, "all watchers lose their streams and come back at once";
    "hostile", hostile::play, "malformed requests, and clients that send next to nothing";
}
