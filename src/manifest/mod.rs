//! The byte-exact manifest editor: bytes in, bytes out, and a proof that only the asked-for value differs.
