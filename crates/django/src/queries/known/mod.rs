//! What is known of a query's rows without asking the database, and so which of them a stretch of code runs for: what a
//! branch reads that none of them takes, or one alone, is not read once per row.

pub(in crate::queries) mod alternatives;
pub(in crate::queries) mod aside;
pub(in crate::queries) mod begun;
pub(in crate::queries) mod behind;
pub(in crate::queries) mod doubts;
pub(in crate::queries) mod due;
pub(in crate::queries) mod fallback;
pub(in crate::queries) mod filtered;
pub(in crate::queries) mod first_kept;
pub(in crate::queries) mod giving;
pub(in crate::queries) mod kept_columns;
pub(in crate::queries) mod kinds;
pub(in crate::queries) mod lacking;
pub(in crate::queries) mod leaving;
pub(in crate::queries) mod lengths;
pub(in crate::queries) mod loaded;
pub(in crate::queries) mod looked_for;
pub(in crate::queries) mod memos;
pub(in crate::queries) mod narrowing;
pub(in crate::queries) mod ordered;
pub(in crate::queries) mod pauses;
pub(in crate::queries) mod required;
pub(in crate::queries) mod saving;
pub(in crate::queries) mod searches;
pub(in crate::queries) mod seldom;
pub(in crate::queries) mod settled;
pub(in crate::queries) mod singles;
pub(in crate::queries) mod steps;
pub(in crate::queries) mod truth;
pub(in crate::queries) mod unique;
pub(in crate::queries) mod ways;
