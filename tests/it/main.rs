//! Whole-program tests: one binary, one module a feature.

mod arch;
