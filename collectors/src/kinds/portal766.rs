//! The national portal's service for Decision 766.
/// The indicators it brings.
pub(crate) const INDICATORS: [&str; 7] = [
    "q766.transparency",
    "q766.progress",
    "q766.online",
    "q766.payment",
    "q766.satisfaction",
    "q766.digitisation",
    "q766.total",
];
