//! Starting and ending: one process a folder, one program a port, secrets shown once.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;

use crate::support::logs::usage;
use crate::support::{Installation, free_port};

#[test]
fn two_processes_cannot_share_a_folder() {
    let installation = Installation::new();
    let running = installation.started();
    let other = format!("127.0.0.1:{}", free_port());
    for args in [&["run", "--listen", &other][..], &["rebuild"]] {
        let output = installation.logbook(args);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{args:?}");
        assert!(
            said.contains("in use by another logbook"),
            "{args:?}: {said}"
        );
    }
    assert!(installation.door("app").alive());
    // The lock goes with the process, however it ends.
    running.kill();
    assert!(installation.started().terminate().success());
}

#[test]
fn a_request_that_is_never_finished_does_not_keep_it_from_ending() {
    let installation = Installation::new();
    let running = installation.started();
    let mut half = TcpStream::connect(("127.0.0.1", installation.port())).unwrap();
    half.write_all(b"GET /healthz HTTP/1.1\r\nHost: loc")
        .unwrap();
    // Taken up before the next one is answered.
    assert!(installation.door("app").alive());
    assert!(running.terminate().success());
    drop(half);
}

#[test]
fn a_busy_port_is_a_clear_error() {
    let installation = Installation::new();
    let holder = TcpListener::bind(("127.0.0.1", installation.port())).unwrap();
    let address = holder.local_addr().unwrap().to_string();
    let output = installation.logbook(&["run", "--listen", &address]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(
        said.contains(&format!("cannot listen on {address}")),
        "{said}"
    );
    assert!(said.contains("--listen"), "{said}");
    drop(holder);
    assert!(installation.started().terminate().success());
}

#[test]
fn the_token_is_printed_once_and_is_private() {
    let installation = Installation::new();
    installation.started().terminate();
    let (token, key) = (
        installation.secret("token"),
        installation.secret("product-key-app"),
    );
    let said = installation.greeting();
    assert_eq!(said.matches(&key).count(), 1, "{said}");
    assert_eq!(
        said.lines().filter(|line| line.contains(&token)).count(),
        2,
        "{said}"
    );
    assert!(said.contains(&format!("/#token={token}")), "{said}");
    installation.started().terminate();
    assert_eq!(
        installation.greeting().matches(&token).count(),
        said.matches(&token).count()
    );
    for path in [
        "secrets/token",
        "secrets/product-key-app",
        "secrets/ticket-key",
        "keys/kek.key",
    ] {
        let meta = std::fs::metadata(installation.data().join(path)).unwrap();
        assert_eq!(meta.permissions().mode() & 0o777, 0o600, "{path}");
    }
    for path in ["", "secrets", "inbox"] {
        let meta = std::fs::metadata(installation.data().join(path)).unwrap();
        assert_eq!(meta.permissions().mode() & 0o777, 0o700, "{path}");
    }
    assert!(
        !installation.errors().contains(&token),
        "secrets are never logged"
    );
}

#[test]
fn sigterm_ends_it_cleanly_and_a_restart_goes_on() {
    let installation = Installation::new();
    let running = installation.started();
    let door = installation.door("app");
    for at in 0..20 {
        assert_eq!(door.upload(&format!("log-{at}"), &usage("one")).status, 201);
    }
    assert!(running.terminate().success());
    let _running = installation.started();
    let states: Vec<_> = (0..20)
        .map(|at| door.settled(&format!("log-{at}"))["state"].clone())
        .collect();
    assert_eq!(states.iter().filter(|state| *state == "parsed").count(), 1);
    assert_eq!(
        states.iter().filter(|state| *state == "duplicate").count(),
        19
    );
}
