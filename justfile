# Thin names for common commands; .ci/run does the same without `just`.

# Everything fast that must hold before a commit
check:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings
    cargo test

# Tests whose name contains FILTER
test FILTER:
    cargo test {{FILTER}}

# Rewrite the golden mails and show what changed
golden:
    UPDATE_GOLDEN=1 cargo test golden
    git diff --stat tests/golden

# The main job on the bundled feeds
demo:
    cargo run -- demo

# The daemon with a small configuration
run:
    cargo run -- run --config examples/minimal.toml

# Benches
bench:
    cargo bench
