//! Judging: what is known goes in, what it means comes out. Pure.
//!
//! The same facts, configuration and moment give the same answer, byte for byte. Nothing here reads a clock, a file or
//! the network, and no threshold stands in the code: they are in `rules.toml` and `targets.toml`.

mod act;
mod config;
mod counts;
mod diff;
mod disputes;
mod eval;
mod explain;
mod facts;
mod findings;
mod flags;
mod formula;
mod groups;
mod history;
mod judge;
mod ledger;
mod problem;
mod rows;
mod sentence;
mod signal;
mod standing;
mod sums;
mod targets;
mod tell;
mod trend;
mod values;
mod villages;

pub use act::{MustAct, Who};
pub use config::{Band, Deadlines, NoDataPolicy, Pace, Published, Rule, Rules, Signal, Tolerances, When};
pub use counts::Counts;
pub use diff::{RuleDifference, RulesDiff, Trial, rules_diff};
pub use disputes::{ClaimGap, Dispute, claim_gaps, disputes, operators_at};
pub use explain::{Explanation, Input, TargetShown, explain};
pub use facts::{Facts, Moment, Said, Titles, day_in_vietnam, end_of_day};
pub use findings::{Finding, FindingKind};
pub use flags::{advance, apply};
pub use formula::check_formulas;
pub use groups::{FlagChange, FlagGroup, Ranked, changes, group, ranking, ranks};
pub use history::{Borders, HistoryPoint, history, observed_pace};
pub use judge::{Judgement, Raised, SourceStatus, Verdict, judge, judge_over, rejudge, rejudge_over};
pub use ledger::{PublishedCount, ledger, ledger_of_counts, published_ledger};
pub use problem::{Problem, read_table};
pub use rows::lies_in;
pub use sentence::{Sentence, absence_name, amount, evidence_name, who_name};
pub use signal::is_centre;
pub use standing::{Standing, promises};
pub use targets::{Targets, meets, path_value, status};
pub use tell::{Digest, Mail, atom, change_id, digest, mail, webhook, worth_telling};
pub use trend::{Expected, ObservedPace, Trend, pace, pace_of, pace_sentence};
pub use values::{Absence, IndicatorValue, Origin};
pub use villages::{VillageState, states_over_time};
