//! Fragments and streams, decoded by other people's decoders.

use std::io::Read;

use proptest::prelude::*;

use super::*;

const CODED: [Coding; 2] = [Coding::Gzip, Coding::Zstd];

/// What a whole stream is decoded to by somebody else's decoder, which checks every sum.
fn decoded(coding: Coding, stream: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    match coding {
        Coding::Identity => plain.extend_from_slice(stream),
        Coding::Gzip => drop(flate2::read::GzDecoder::new(stream).read_to_end(&mut plain).unwrap()),
        // No frame at all is no stream of Zstandard.
        Coding::Zstd if stream.is_empty() => {}
        Coding::Zstd => drop(::zstd::stream::read::Decoder::new(stream).unwrap().read_to_end(&mut plain).unwrap()),
    }
    plain
}

/// Text with a bit of everything: words that come again, and bytes that cannot be compressed.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let words = "(id: 1\\.[0-9]{1,6}\nevent: order\\.created\ndata: \\{\"a\":\"[a-z]{0,9}\"\\}\n\n){1,40}";
    prop_oneof![
        words.prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..300),
        (any::<u8>(), 0_usize..200_000).prop_map(|(byte, length)| vec![byte; length]),
        (any::<u64>(), 60_000_usize..140_000).prop_map(|(seed, length)| noise(seed, length)),
    ]
}

/// Bytes without any pattern.
fn noise(mut state: u64, length: usize) -> Vec<u8> {
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However a text is cut, its fragments join to a stream of it; and each is of use before the next is there.
    #[test]
    fn fragments_of_any_cut_join_to_a_stream_of_the_text(parts in prop::collection::vec(text(), 0..8)) {
        let whole = parts.concat();
        for coding in [Coding::Identity, Coding::Gzip, Coding::Zstd] {
            let mut coder = Coder::default();
            let mut stream = coder.begin(coding, Bytes::new()).to_vec();
            let mut live = Live::new(coding);
            live.take(&stream);
            for (end, part) in parts.iter().scan(0, |end, part| { *end += part.len(); Some((*end, part)) }) {
                let fragment = coding.fragment(part.clone().into());
                coder.count(coding, fragment.sum);
                live.take(&fragment.bytes);
                prop_assert_eq!(&live.plain, &whole[..end], "{:?}: a fragment is late", coding);
                stream.extend_from_slice(&fragment.bytes);
            }
            stream.extend_from_slice(&coder.end(coding, Bytes::new()));
            prop_assert_eq!(&decoded(coding, &stream), &whole, "{:?}", coding);
        }
    }

    /// A fragment depends on its own text only, whatever was coded before it on the same thread.
    #[test]
    fn fragments_refer_to_nothing_before_them(before in text(), part in text()) {
        for coding in CODED {
            let first = coding.fragment(part.clone().into());
            coding.fragment(before.clone().into());
            prop_assert_eq!(coding.fragment(part.clone().into()), first);
        }
    }
}

/// A decoder that is given a stream bit by bit, and never its end.
struct Live {
    plain: Vec<u8>,
    decoder: Decoder,
}

enum Decoder {
    Identity,
    Gzip(flate2::write::GzDecoder<Vec<u8>>),
    Zstd(::zstd::stream::write::Decoder<'static, Vec<u8>>),
}

impl Live {
    fn new(coding: Coding) -> Self {
        let decoder = match coding {
            Coding::Identity => Decoder::Identity,
            Coding::Gzip => Decoder::Gzip(flate2::write::GzDecoder::new(Vec::new())),
            Coding::Zstd => Decoder::Zstd(::zstd::stream::write::Decoder::new(Vec::new()).unwrap()),
        };
        Self { plain: Vec::new(), decoder }
    }

    fn take(&mut self, bytes: &[u8]) {
        use std::io::Write;
        self.plain = match &mut self.decoder {
            Decoder::Identity => [&self.plain, bytes].concat(),
            Decoder::Gzip(decoder) => {
                decoder.write_all(bytes).unwrap();
                decoder.flush().unwrap();
                decoder.get_ref().clone()
            }
            Decoder::Zstd(decoder) => {
                decoder.write_all(bytes).unwrap();
                decoder.flush().unwrap();
                decoder.get_ref().clone()
            }
        };
    }
}

#[test]
fn what_is_stored_is_as_good_as_what_is_compressed() {
    for length in [0, 1, 127, 255, 256, 65_535, 65_536, 131_072, 131_073, 300_000] {
        let plain = noise(1, length);
        let sum = Coding::Gzip.sum(&plain);
        let gzip = [&gzip::HEAD[..], &gzip::stored(&plain), &gzip::tail(sum.crc, sum.length)].concat();
        assert!(decoded(Coding::Gzip, &gzip) == plain, "gzip, {length}");
        if length > 0 {
            assert!(decoded(Coding::Zstd, &zstd::stored(&plain)) == plain, "zstd, {length}");
        }
    }
}

#[test]
fn small_fragments_cost_a_few_bytes_and_large_ones_shrink() {
    let (beat, noise) = (Bytes::from_static(b": heartbeat\nid: 1.4711\n\n"), Bytes::from(noise(7, 100_000)));
    let text = Bytes::from("id: 1.4711\nevent: order.created\ndata: {\"order\":\"tea\"}\n\n".repeat(100));
    for coding in CODED {
        let length = |plain: &Bytes| coding.fragment(plain.clone()).bytes.len();
        assert!(length(&beat) <= beat.len() + 9, "{coding:?}");
        assert!(length(&noise) <= noise.len() + noise.len() / 1000 + 64, "{coding:?}: {}", length(&noise));
        assert!(length(&text) < text.len() / 10, "{coding:?}");
        assert!(length(&Bytes::new()) == 0, "{coding:?}");
    }
}

#[test]
fn a_lost_fragment_is_noticed_at_the_end() {
    let mut coder = Coder::default();
    let first = coder.begin(Coding::Gzip, Bytes::from_static(b"id: 1.1\n\n"));
    coder.code(Coding::Gzip, Bytes::from_static(b"id: 1.2\n\n"));
    let stream = [first, coder.end(Coding::Gzip, Bytes::new())].concat();
    assert!(flate2::read::GzDecoder::new(&stream[..]).read_to_end(&mut Vec::new()).is_err());
}
