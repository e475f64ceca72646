//! Answers made once and sent many times: compressed pages, kept as long as what they were made from has not changed.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
};
use quick_cache::{Weighter, sync::Cache};

/// Memory for finished answers, in bytes.
const CAPACITY_BYTES: u64 = 6 * 1024 * 1024;

/// One finished answer in the encodings that were asked for.
#[derive(Debug)]
pub(crate) struct Finished {
    content_type: &'static str,
    etag: HeaderValue,
    plain: Bytes,
    gzip: Bytes,
    brotli: Bytes,
}

impl Finished {
    /// Compresses a text.
    #[must_use]
    pub(crate) fn new(content_type: &'static str, text: String) -> Self {
        let plain = Bytes::from(text);
        let etag = format!("\"{}\"", crate::auth::digest_bytes(&plain).get(..20).unwrap_or_default());
        Self {
            content_type,
            etag: HeaderValue::try_from(etag).unwrap_or(HeaderValue::from_static("\"0\"")),
            gzip: gzip(&plain).into(),
            brotli: brotli(&plain, 5).into(),
            plain,
        }
    }

    /// Answers in the best encoding the visitor takes, or with nothing where he has it already.
    #[must_use]
    pub(crate) fn answer(&self, asked: &HeaderMap, cache_control: &'static str) -> Response<Body> {
        let known = asked.get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let same = known
            .split(',')
            .map(str::trim)
            .any(|tag| tag == "*" || tag.trim_start_matches("W/").as_bytes() == self.etag.as_bytes());
        let (body, encoding) = self.body(asked);
        let mut response = Response::new(if same { Body::empty() } else { Body::from(body) });
        let headers = response.headers_mut();
        headers.insert(header::ETAG, self.etag.clone());
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache_control));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding, cookie"));
        if same {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
            if let Some(encoding) = encoding {
                headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
            }
        }
        response
    }

    fn body(&self, asked: &HeaderMap) -> (Bytes, Option<&'static str>) {
        let takes = |name: &str| {
            let accepted =
                asked.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or_default();
            accepted.split(',').any(|entry| {
                let mut parts = entry.split(';').map(str::trim);
                let refused = |q: &str| matches!(q.strip_prefix("q="), Some("0" | "0.0" | "0.00" | "0.000"));
                parts.next() == Some(name) && !parts.any(refused)
            })
        };
        if takes("br") {
            (self.brotli.clone(), Some("br"))
        } else if takes("gzip") {
            (self.gzip.clone(), Some("gzip"))
        } else {
            (self.plain.clone(), None)
        }
    }
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    // Writing into memory cannot fail; an empty answer would be seen at once.
    encoder.write_all(plain).and_then(|()| encoder.finish()).unwrap_or_default()
}

fn brotli(plain: &[u8], quality: i32) -> Vec<u8> {
    let parameters = brotli::enc::BrotliEncoderParams { quality, lgwin: 18, ..Default::default() };
    let mut compressed = Vec::new();
    let written = brotli::BrotliCompress(&mut &plain[..], &mut compressed, &parameters);
    if written.is_ok() { compressed } else { Vec::new() }
}

#[derive(Debug, Clone)]
struct Bytesize;

impl Weighter<String, Arc<Finished>> for Bytesize {
    fn weight(&self, key: &String, page: &Arc<Finished>) -> u64 {
        (key.len() + page.plain.len() + page.gzip.len() + page.brotli.len()).try_into().unwrap_or(u64::MAX)
    }
}

/// Finished answers by address and by what they were made from.
#[derive(Debug)]
pub(crate) struct Pages {
    pages: Cache<String, Arc<Finished>, Bytesize>,
    /// Keys of answers that are made anew while the one of a minute ago is still sent.
    renewing: Mutex<HashSet<String>>,
}

impl Default for Pages {
    fn default() -> Self {
        Self { pages: Cache::with_weighter(256, CAPACITY_BYTES, Bytesize), renewing: Mutex::default() }
    }
}

impl Pages {
    /// The answer, if it is there.
    #[must_use]
    pub(crate) fn get(&self, key: &str) -> Option<Arc<Finished>> {
        self.pages.get(key)
    }

    /// Takes it on to make an answer anew; `false` where somebody does so already.
    pub(crate) fn renew(&self, key: &str) -> bool {
        self.renewing.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned())
    }

    /// Says that it is made, or could not be.
    pub(crate) fn renewed(&self, key: &str) {
        self.renewing.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    /// The answer, made now if there is none. Who asks for the same meanwhile waits for it instead of making it too.
    ///
    /// # Errors
    /// When it cannot be made; the next who asks tries again.
    pub(crate) async fn get_or_make<E>(
        &self,
        key: &str,
        make: impl Future<Output = Result<Arc<Finished>, E>>,
    ) -> Result<Arc<Finished>, E> {
        self.pages.get_or_insert_async(key, make).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    };

    use super::{Finished, Pages};
    use axum::http::{HeaderMap, HeaderValue, StatusCode, header};

    fn asked(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn the_best_encoding_the_visitor_takes() {
        let page = Finished::new("text/html; charset=utf-8", "trắng sóng ".repeat(100));
        for (accepted, expected) in [
            ("gzip, deflate, br", Some("br")),
            ("gzip", Some("gzip")),
            ("br;q=0, gzip", Some("gzip")),
            ("", None),
        ] {
            let response = page.answer(&asked(header::ACCEPT_ENCODING, accepted), "no-cache");
            let encoding = response.headers().get(header::CONTENT_ENCODING).map(|v| v.to_str().unwrap());
            assert_eq!(encoding, expected, "{accepted}");
        }
    }

    #[tokio::test]
    async fn many_who_ask_at_once_make_an_answer_once() {
        let pages = Arc::new(Pages::default());
        let made = Arc::new(AtomicU32::new(0));
        let asking = (0..50).map(|_| {
            let (pages, made) = (Arc::clone(&pages), Arc::clone(&made));
            tokio::spawn(async move {
                let make = async {
                    tokio::task::yield_now().await;
                    made.fetch_add(1, Ordering::Relaxed);
                    Ok::<_, ()>(Arc::new(Finished::new("text/html", "lõm sóng".to_owned())))
                };
                pages.get_or_make("/", make).await.is_ok()
            })
        });
        for asked in asking.collect::<Vec<_>>() {
            assert!(asked.await.unwrap());
        }
        assert_eq!(made.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn what_the_visitor_has_is_not_sent_again() {
        let page = Finished::new("text/html; charset=utf-8", "lõm sóng".to_owned());
        let first = page.answer(&HeaderMap::new(), "no-cache");
        let etag = first.headers()[header::ETAG].to_str().unwrap();
        let again = page.answer(&asked(header::IF_NONE_MATCH, &format!("W/{etag}, \"x\"")), "no-cache");
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        let other = page.answer(&asked(header::IF_NONE_MATCH, "\"x\""), "no-cache");
        assert_eq!(other.status(), StatusCode::OK);
    }
}
