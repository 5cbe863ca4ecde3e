-- Companies as readers may name them, whether they were in the news yet or not; written by the stage that tags.
CREATE TABLE companies (
  slug   TEXT    PRIMARY KEY,
  name   TEXT    NOT NULL,
  others TEXT    NOT NULL CHECK (json_valid(others)),  -- tickers and other names
  place  INTEGER NOT NULL                              -- of two that share a word the lower one has it
) STRICT, WITHOUT ROWID;
