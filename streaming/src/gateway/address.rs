//! Which addresses may be dialled: anything but our own ports, under whatever name.

use std::{
    collections::HashSet,
    fmt,
    net::{IpAddr, SocketAddr, UdpSocket},
    sync::{PoisonError, RwLock},
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// The ports of this machine that must not be dialled: the gateway's and the server's.
#[derive(Default)]
pub(super) struct OwnPorts(RwLock<HashSet<u16>>);

/// What [`OwnPorts::check`] finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Dial,
    /// The port is one of ours: dial only if the name does not lead to this machine, which a [`Resolver`] that
    /// guards finds out when it connects, so that the name cannot mean something else a moment later.
    DialGuarded,
    Refuse,
}

impl OwnPorts {
    pub(super) fn add(&self, port: u16) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(port);
    }

    pub(super) fn check(&self, url: &Url) -> Verdict {
        let ours = url
            .port_or_known_default()
            .is_none_or(|port| self.0.read().unwrap_or_else(PoisonError::into_inner).contains(&port));
        match url.host() {
            _ if !ours => Verdict::Dial,
            Some(Host::Domain(_)) => Verdict::DialGuarded,
            Some(Host::Ipv4(ip)) if !is_this_machine(ip.into()) => Verdict::Dial,
            Some(Host::Ipv6(ip)) if !is_this_machine(ip.into()) => Verdict::Dial,
            _ => Verdict::Refuse,
        }
    }
}

/// Whether an address is one of this machine's: nothing else can be bound to.
pub(super) fn is_this_machine(ip: IpAddr) -> bool {
    let ip = ip.to_canonical();
    ip.is_loopback() || ip.is_unspecified() || UdpSocket::bind((ip, 0)).is_ok()
}

/// Looks names up; one that guards does not give out this machine's own addresses.
pub(super) struct Resolver {
    pub(super) guards: bool,
}

/// Why a name led nowhere; found again in the chain of an error of reqwest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameError {
    Unknown,
    OwnAddress,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "the name is not known",
            Self::OwnAddress => "the name leads to this server itself",
        })
    }
}

impl std::error::Error for NameError {}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guards = self.guards;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(|_| NameError::Unknown)?;
            let found: Vec<SocketAddr> = found.collect();
            if found.is_empty() {
                return Err(NameError::Unknown.into());
            }
            if guards && found.iter().any(|address| is_this_machine(address.ip())) {
                return Err(NameError::OwnAddress.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_ports_are_refused_under_every_spelling() {
        let ports = OwnPorts::default();
        ports.add(8000);
        let check = |text: &str| ports.check(&Url::parse(text).unwrap());
        for own in ["127.0.0.1", "127.9.9.9", "0x7f.1", "2130706433", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]"]
        {
            assert_eq!(check(&format!("http://{own}:8000/x")), Verdict::Refuse, "{own}");
            assert_eq!(check(&format!("http://{own}:8001/x")), Verdict::Dial, "{own}");
        }
        assert_eq!(check("http://localhost:8000/"), Verdict::DialGuarded);
        assert_eq!(check("http://192.0.2.1:8000/"), Verdict::Dial);
        ports.add(80);
        assert_eq!(check("http://127.0.0.1/"), Verdict::Refuse);
    }

    #[tokio::test]
    async fn a_guarding_resolver_gives_out_no_own_address() {
        let ask = |guards| Resolver { guards }.resolve("localhost".parse().unwrap());
        assert!(ask(false).await.is_ok());
        let error = ask(true).await.err().unwrap();
        assert_eq!(error.downcast_ref::<NameError>(), Some(&NameError::OwnAddress));
    }
}
