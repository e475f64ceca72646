//! The style sheet and the script, each under a path that holds a hash of its content so that it can be kept for ever.

use std::sync::LazyLock;

/// A file that pages load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// Its path: `/assets/style-0123456789abcdef.css`.
    pub path: String,
    /// Its media type.
    pub content_type: &'static str,
    /// Its bytes.
    pub body: &'static str,
}

static STYLE: LazyLock<Asset> =
    LazyLock::new(|| asset("style", "css", "text/css; charset=utf-8", include_str!("../assets/style.css")));
static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    asset("script", "js", "text/javascript; charset=utf-8", include_str!("../assets/script.js"))
});
static ICON: LazyLock<Asset> =
    LazyLock::new(|| asset("icon", "svg", "image/svg+xml", include_str!("../assets/icon.svg")));

/// The style sheet.
#[must_use]
pub fn style() -> &'static Asset {
    &STYLE
}

/// The script. Every page is complete without it.
#[must_use]
pub fn script() -> &'static Asset {
    &SCRIPT
}

/// The icon of the browser's tab.
#[must_use]
pub fn icon() -> &'static Asset {
    &ICON
}

/// The asset at a path. May be sent with `Cache-Control: public, max-age=31536000, immutable`.
#[must_use]
pub fn find(path: &str) -> Option<&'static Asset> {
    [style(), script(), icon()].into_iter().find(|asset| asset.path == path)
}

fn asset(name: &str, extension: &str, content_type: &'static str, body: &'static str) -> Asset {
    Asset { path: format!("/assets/{name}-{:016x}.{extension}", fnv1a(body.as_bytes())), content_type, body }
}

/// FNV-1a, 64 bits: names a version of a file, protects nothing.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::{find, fnv1a, style};

    #[test]
    fn assets_are_found_by_their_path_only() {
        assert_eq!(find(&style().path), Some(style()));
        assert_eq!(find("/assets/style.css"), None);
    }

    #[test]
    fn the_hash_is_fnv() {
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
