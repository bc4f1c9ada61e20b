//! What a call is made in, beside what it is given: what it does hangs on that too, but of most calls on little of it. One
//! that reads nothing off rows does the same for whatever rows it is made. So what a call gave is remembered with what it
//! heeded alone, itself or by what it calls, and serves all calls that differ in the rest.

use tuneup_python::{FunctionRef, Symbol};

use super::known::aside::Aside;
use super::known::behind::Tests;
use super::machine::Machine;
use super::value::{Site, Value};
use crate::schema::ModelId;

/// Kinds of circumstances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Heeded(u8);

impl Heeded {
    /// For which rows code is run: what is read off rows, looped over or shown is kept with that.
    pub(crate) const ROWS: Self = Self(1);
    /// The serializers that are under way.
    pub(crate) const SERIALIZERS: Self = Self(2);
    /// What was written before.
    pub(crate) const WRITES: Self = Self(4);
    /// Whether rows are asked for as often as the call is made.
    pub(crate) const CALL: Self = Self(8);
    /// All of them.
    pub(super) const ALL: Self = Self(15);

    fn has(self, kind: Self) -> bool {
        self.0 & kind.0 != 0
    }

    fn with(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    fn without(self, kind: Self) -> Self {
        Self(self.0 & !kind.0)
    }
}

/// What a call is made in, as far as it is heeded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Circumstances {
    /// What is heeded: the rest says nothing.
    heeded: Heeded,
    /// Whether it is part of a climb.
    climbs: bool,
    /// How rare it is.
    rarity: u32,
    /// Whether it is made where a row is saved.
    saves: bool,
    /// The texts that it stands in for.
    instead_of: Box<[Symbol]>,
    /// Whether it is made aside.
    aside: Option<Aside>,
    /// Why it may not be made for every row.
    doubts: Box<[Symbol]>,
    /// The tests behind which it is made for a row that it is given, or the last one where it is given none.
    behind: Option<Tests>,
    /// The serializers for which it is made.
    shown_within: Option<Value>,
    /// Which of its arguments are rows that are asked for as often as it is made, a bit for each.
    asked_for: u32,
    /// The models of which the calls under way have written rows.
    written: Box<[ModelId]>,
    /// On how many ways code around it is followed, which each call heeds.
    ways: usize,
}

impl Circumstances {
    /// What is left of them where no more than this is heeded.
    fn heeding(self, heeded: Heeded) -> Self {
        let mut left = Self { heeded, ways: self.ways, ..Self::default() };
        if heeded.has(Heeded::ROWS) {
            (left.climbs, left.rarity, left.instead_of) = (self.climbs, self.rarity, self.instead_of);
            (left.aside, left.doubts, left.saves) = (self.aside, self.doubts, self.saves);
            left.behind = self.behind;
        }
        if heeded.has(Heeded::SERIALIZERS) {
            left.shown_within = self.shown_within;
        }
        if heeded.has(Heeded::WRITES) {
            left.written = self.written;
        }
        if heeded.has(Heeded::CALL) {
            left.asked_for = self.asked_for;
        }
        left
    }
}

impl Machine<'_> {
    /// Keeps that what is being run hangs on this.
    pub(crate) fn heed(&self, kind: Heeded) {
        self.heeded.set(self.heeded.get().with(kind));
    }

    /// Keeps that a call hung on this. For which rows its caller asks does not depend on the calls around that.
    pub(super) fn heed_as_called(&self, called: Heeded) {
        self.heed(called.without(Heeded::CALL));
    }

    /// All circumstances of a call that begins with such arguments.
    pub(super) fn all_circumstances(&mut self, climbs: bool, given: &[Value]) -> Circumstances {
        self.circumstances_heeding(Heeded::ALL, climbs, given)
    }

    fn circumstances_heeding(&mut self, heeded: Heeded, climbs: bool, given: &[Value]) -> Circumstances {
        let mut these = Circumstances { heeded, ways: self.ways, ..Circumstances::default() };
        if heeded.has(Heeded::ROWS) {
            these.climbs = climbs || self.climbing > 0;
            these.rarity = self.rarity();
            these.saves = self.saving > 0;
            these.instead_of = self.fallback.iter().map(|fallback| fallback.text).collect();
            these.aside = self.aside;
            these.behind = self.tests_of_call(given);
            these.doubts = self.doubts.iter().map(|(doubt, _)| *doubt).collect();
        }
        if heeded.has(Heeded::SERIALIZERS) {
            these.shown_within = self.shown_within();
        }
        if heeded.has(Heeded::WRITES) && self.has_written() {
            let mut asked: Vec<Site> = Vec::new();
            given.iter().for_each(|&given| self.rows_made_at(given, &mut |site| asked.push(site)));
            these.written = self.models_written(&asked);
        }
        if heeded.has(Heeded::CALL) {
            these.asked_for = self.asked_for_call(given);
        }
        these
    }

    /// The circumstances of a call that begins, by their number, for each of what calls of its function have heeded, where
    /// there was a call in such.
    pub(super) fn known_circumstances(
        &mut self,
        function: FunctionRef,
        climbs: bool,
        given: &[Value],
    ) -> impl Iterator<Item = (Heeded, u32)> + use<> {
        let heeded_by = self.heeded_by.get(&function).copied().unwrap_or_default();
        let mut known = [None; 1 << Heeded::ALL.0.count_ones()];
        for (heeded, place) in (0..).map(Heeded).zip(&mut known) {
            if heeded_by >> heeded.0 & 1 == 1 {
                let these = self.circumstances_heeding(heeded, climbs, given);
                *place = self.circumstances.find(&these).ok().map(|number| (heeded, number));
            }
        }
        known.into_iter().flatten()
    }

    /// The number of what a call of a function has heeded of its circumstances.
    pub(super) fn heeded_circumstances(
        &mut self,
        function: FunctionRef,
        all: Circumstances,
        heeded: Heeded,
    ) -> u32 {
        *self.heeded_by.entry(function).or_default() |= 1 << heeded.0;
        self.circumstances.number(all.heeding(heeded))
    }
}
