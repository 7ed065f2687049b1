//! Bytes that are changed on their way, packet by packet.

use streaming::gateway::Rewrite;

use super::*;

const PACKET: usize = 188;

/// Packets of one size from the file's beginning on, of which the first and the last byte are turned round.
struct Turned;

impl Rewrite for Turned {
    fn to_find(&self) -> usize {
        4 * PACKET
    }

    fn rewrite(&self, at: u64, bytes: &mut [u8]) -> usize {
        let first = usize::try_from(at.next_multiple_of(PACKET as u64) - at).unwrap().min(bytes.len());
        let mut end = 0;
        for (n, packet) in bytes[first..].chunks_exact_mut(PACKET).enumerate() {
            packet[0] ^= 0xFF;
            packet[PACKET - 1] ^= 0xFF;
            end = first + (n + 1) * PACKET;
        }
        end
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_reads_whatever_gets_the_changed_bytes() {
    // Its last packet is not whole.
    let film = noise(3 * MB + 77);
    let mut turned = film.to_vec();
    Turned.rewrite(0, &mut turned);
    assert!(turned != film);
    let house = House::new().await;
    let upstream = Upstream::bytes(&film, Habits::default()).await;
    let feed = house.open(&upstream.url("/film")).await.unwrap();
    assert!(feed.read(MB as u64, MB).await.unwrap() == film[MB..2 * MB]);
    feed.rewrite(Turned);
    assert!(house.get(&feed, None).await.bytes().await.unwrap() == turned);
    let mut random = StdRng::seed_from_u64(3);
    for _ in 0..60 {
        let from = random.random_range(0..film.len());
        let to = film.len().min(from + random.random_range(1..MB));
        assert!(feed.read(from as u64, to - from).await.unwrap() == turned[from..to], "{from}..{to}");
        let range = format!("{from}-{}", to - 1);
        assert!(house.get(&feed, Some(&range)).await.bytes().await.unwrap() == turned[from..to], "{range}");
    }
    for last in 1..PACKET {
        let from = film.len() - last;
        assert!(feed.read(from as u64, MB).await.unwrap() == turned[from..], "{last}");
    }
}
