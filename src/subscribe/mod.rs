//! What people ask of us: by mail (`inbound`) and by web page (`web`).
