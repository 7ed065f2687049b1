"""What cannot be played, and how that is told."""

from . import edits
from .inputs import Input, Refused
from .pictures import AAC, FILM, X264

WHOLE = f"{FILM} {X264} {AAC} {{out}}"


def refused(name, file, what, kind, words, *commands, edit=None):
    return Input(name, file, what, commands, None, Refused(kind, words), edit)


INPUTS = (
    refused("subtitles-only", "subtitles.mkv", "Matroska with subtitles alone", "unplayable", "only subtitles (1)",
            "mkvmerge --quiet -o {out} {lines}"),
    refused("subtitle-file", "lines.srt", "a subtitle file", "not_a_video", "this is a text", edit=edits.srt),
    refused("web-page", "page.mp4", "a web page named .mp4", "not_a_video", "a web page", edit=edits.page),
    refused("nothing", "empty.mkv", "an empty file", "not_a_video", "is empty", edit=edits.nothing),
    refused("noise", "noise.mkv", "random bytes", "not_a_video", "ffmpeg does not know", edit=edits.noise),
    refused("archive", "film.zip", "a ZIP archive", "not_a_video", "unpack it", edit=edits.archive),
    refused("picture-file", "poster.png", "a picture", "not_a_video", "this is a picture",
            "-i {picture} -frames:v 1 {out}"),
    refused("gif-still", "still.gif", "a GIF that does not move", "not_a_video", "this is a picture",
            "-i {picture} -frames:v 1 {out}"),
    refused("bare-h264", "bare.h264", "a bare stream of H.264", "unplayable", "a bare H.264 stream without times",
            f"-i {{picture}} {X264} {{out}}"),
    refused("bare-mpeg2", "bare.m2v", "a bare stream of MPEG-2", "unplayable", "a bare MPEG picture stream without times",
            "-i {picture} -c:v mpeg2video {out}"),
    refused("bare-aac", "bare.aac", "a bare stream of AAC", "unplayable", "a bare AAC stream without times",
            f"-i {{sound}} {AAC} {{out}}"),
    refused("apng", "film.apng", "an animated PNG", "unplayable", "an animated PNG, which is not supported",
            "-i {picture} -frames:v 20 {out}"),
    refused("flash", "film.swf", "a Flash animation", "unplayable", "a Flash animation, which is not supported",
            f"{FILM} -c:v flv1 -c:a libmp3lame -ar 44100 {{out}}"),
    refused("tta", "sound.tta", "a container that is not supported", "unplayable", "the kind that ffmpeg calls tta",
            "-i {sound} {out}"),
    refused("playlist", "film.m3u8", "a playlist", "not_a_video", "playlists are not followed", edit=edits.playlist),
    refused("mp4-cut-index", "cut-last.mp4", "the first 70 % of an MP4 with its index at its end", "unplayable",
            "its index, without which an MP4 cannot be played, is missing", WHOLE, edit=edits.first(0.7)),
    refused("mkv-head", "head.mkv", "the first 600 bytes of a Matroska", "unplayable",
            "cut short at its very beginning",
            WHOLE, edit=edits.bytes_only(600)),
    refused("mp4-head", "head.mp4", "the first 600 bytes of an MP4 with its index first", "unplayable", "cut short",
            f"{FILM} {X264} {AAC} -movflags +faststart {{out}}", edit=edits.bytes_only(600)),
    refused("encrypted", "encrypted.mp4", "an MP4 that is encrypted", "unplayable", "encrypted",
            f"{FILM} {X264} {AAC} -encryption_scheme cenc-aes-ctr -encryption_key 00112233445566778899aabbccddeeff "
            "-encryption_kid 00112233445566778899aabbccddeeff {out}"),
    refused("unknown-codec", "unknown.mkv", "Matroska with a picture in a codec that nobody knows", "unplayable",
            "in a format that ffmpeg does not know", f"{FILM} {X264} -an {{out}}", edit=edits.unknown_codec),
    refused("undecodable", "avs2.ts", "a picture in a codec that ffmpeg knows and does not decode", "unplayable",
            "AVS2-P2/IEEE1857.4, for which ffmpeg on this server has no decoder",
            WHOLE, edit=edits.as_avs2),
    refused("unknown-sound-alone", "unknown.mka", "sound in a codec that nobody knows, and nothing else", "unplayable",
            "the sound is in a format that ffmpeg does not know", f"-i {{sound}} {AAC} {{out}}", edit=edits.unknown_sound),
)  # fmt: skip
