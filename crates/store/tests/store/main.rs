//! The store's tests, in one binary.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod catalogue;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod double;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod history;
#[cfg(test)]
mod influx;
#[cfg(test)]
mod kit;
#[cfg(test)]
mod upkeep;
