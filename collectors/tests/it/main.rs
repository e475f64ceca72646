//! The collectors from outside: fixtures, fetching, decisions, contracts, reports, pushes, and any bytes whatever.

#[cfg(test)]
mod anything;
#[cfg(test)]
mod caobang;
#[cfg(test)]
mod fetching;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod quality;
#[cfg(test)]
mod support;
