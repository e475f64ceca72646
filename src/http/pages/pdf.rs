//! Printing a sealed pack to PDF with a Chromium that is installed. Where there is none, there is no PDF.

use std::{path::Path, process::Stdio, time::Duration};

use anyhow::Context as _;
use tokio::{process::Command, sync::Semaphore};

/// Where systems install it.
const BROWSERS: [&str; 4] =
    ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/snap/bin/chromium"];
/// Longest time one document may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// A browser is heavy: one at a time, others wait.
static AT_A_TIME: Semaphore = Semaphore::const_new(1);

/// The browser that is installed.
#[must_use]
pub(crate) fn browser() -> Option<&'static Path> {
    BROWSERS.into_iter().map(Path::new).find(|path| path.exists())
}

/// Prints a page that stands alone.
///
/// # Errors
/// When the browser cannot be started, takes too long or prints nothing.
pub(crate) async fn print(browser: &Path, page: &[u8]) -> anyhow::Result<Vec<u8>> {
    let _alone = AT_A_TIME.acquire().await?;
    let folder = tempfile::tempdir().context("cannot make a folder for printing")?;
    let (source, printed) = (folder.path().join("pack.html"), folder.path().join("pack.pdf"));
    tokio::fs::write(&source, page).await.context("cannot write the page to print")?;
    // Where the system does not let it fence itself in, it prints without: the page is our own and has no script.
    for fence in [&[][..], &["--no-sandbox"][..]] {
        let mut command = Command::new(browser);
        command
            .args(fence)
            .args(["--headless", "--disable-gpu", "--no-pdf-header-footer"])
            .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
            .arg(format!("--print-to-pdf={}", printed.display()))
            .arg(format!("file://{}", source.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let ended =
            tokio::time::timeout(PATIENCE, command.status()).await.context("printing took too long")?;
        let ended = ended.with_context(|| format!("cannot start `{}`", browser.display()))?;
        if ended.success()
            && let Ok(bytes) = tokio::fs::read(&printed).await
        {
            return Ok(bytes);
        }
    }
    anyhow::bail!("`{}` printed nothing", browser.display())
}
