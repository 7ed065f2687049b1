"""Containers, well made or not quite."""

from . import base, edits
from .inputs import Input, Plays
from .pictures import AAC, FILM, VPX, X264, film

LIVE = "-f matroska -live 1 -cluster_time_limit 500"
COPIED = Plays(why=None)
# The durations that a transport stream tells are those of its packets near its end, whatever their track.
LOOSE = Plays(length_off_s=0.3)
SILENT = Plays(beeps=None)
DVD = "-c:v mpeg2video -q:v 4 -bf 2 -g 15"


def joined(name, file, what, picture, sound, second="", **rest):
    """Two recordings, one behind the other, as `cat` joins them. `second`: more of how the second one is made."""
    parts = [f"{{work}}/{number}-{file}" for number in (1, 2)]
    return Input(name, file, what, (
        f"{FILM} {picture} {sound} -t 1.6 {parts[0]}",
        f"-ss 1.6 -i {{picture}} -ss 1.6 -i {{sound}} {picture} {sound} {second} {parts[1]}",
        f"sh -c 'cat {parts[0]} {parts[1]} > {{out}}'",
    ), LOOSE, **rest)  # fmt: skip


INPUTS = (
    film("mp4-index-last", "last.mp4", "MP4 with its index at its end", X264, plays=COPIED),
    film("mp4-index-first", "first.mp4", "MP4 with its index first", X264, f"{AAC} -movflags +faststart", plays=COPIED),
    film("mp4-fragmented", "fragmented.mp4", "fragmented MP4", X264, f"{AAC} -movflags +frag_keyframe+empty_moov"),
    film("mp4-dash", "dash.mp4", "fragmented MP4 with an index of its fragments", X264,
         f"{AAC} -movflags +dash+global_sidx+frag_keyframe+delay_moov"),
    film("mp4-recording", "recording.mp4", "fragmented MP4 of short fragments, without any index at its end", X264,
         f"{AAC} -frag_duration 200000 -movflags +empty_moov+skip_trailer"),
    film("mov", "film.mov", "MOV with PCM", X264, "-c:a pcm_s16le", plays=COPIED),
    film("mov-fragmented", "fragmented.mov", "fragmented MOV", X264, f"{AAC} -movflags +frag_keyframe+empty_moov"),
    film("webm", "film.webm", "WebM", f"-c:v libvpx-vp9 {VPX} -b:v 400k", "-c:a libopus", plays=COPIED),
    film("ts", "film.ts", "a transport stream", X264, plays=LOOSE),
    film("m2ts", "film.m2ts", "a Blu-ray's transport stream", X264, "-c:a ac3 -f mpegts -mpegts_m2ts_mode 1",
         plays=LOOSE),
    film("ts-late", "late.ts", "a transport stream whose clock begins at 26 h", X264,
         f"{AAC} -output_ts_offset 95000", plays=LOOSE),
    film("ts-wrapped", "wrapped.ts", "a transport stream whose clock begins anew after its 26.5 h", X264,
         f"{AAC} -output_ts_offset 95441.5", plays=LOOSE),
    joined("ts-joined", "joined.ts", "two transport streams joined", X264, AAC),
    joined("m2ts-joined", "joined.m2ts", "two of a Blu-ray's transport streams joined", X264,
           "-c:a ac3 -f mpegts -mpegts_m2ts_mode 1"),
    joined("ts-jump", "jump.ts", "a transport stream whose clock jumps forward by an hour", X264, AAC,
           "-output_ts_offset 3600"),
    film("avi", "film.avi", "H.264 with B-frames and MP3 in AVI", X264, "-c:a libmp3lame"),
    film("avi-pcm", "pcm.avi", "MPEG-4 ASP and PCM in AVI", "-c:v mpeg4 -q:v 4", "-c:a pcm_s16le"),
    # All frames but the first come one too late, by ffmpeg's reading.
    film("avi-no-index", "noindex.avi", "AVI without its index", "-c:v mpeg4 -q:v 4", "-c:a libmp3lame",
         edit=edits.without_avi_index, plays=Plays(rate=None)),
    film("flv", "film.flv", "H.264 and AAC in FLV", X264),
    film("flv-no-duration", "live.flv", "FLV that does not tell its duration", X264,
         f"{AAC} -flvflags no_duration_filesize"),
    film("flv-torn", "torn.flv", "FLV of a recording that broke off", X264, f"{AAC} -flvflags no_duration_filesize",
         edit=edits.bytes_off(5), plays=Plays(length_off_s=0.2, part=True, frames=base.FRAMES - 3)),
    film("ogg", "film.ogg", "Theora and Opus in Ogg", "-c:v libtheora -q:v 7", "-c:a libopus"),
    film("asf", "film.asf", "H.264 and WMA in ASF", X264, "-c:a wmav2"),
    film("vob", "film.vob", "a DVD's program stream", DVD, "-c:a ac3 -f vob", plays=LOOSE),
    joined("vob-joined", "joined.vob", "two of a DVD's program streams joined", DVD, "-c:a ac3 -f vob"),
    film("3gp", "film.3gp", "H.263 in 3GP", "-vf scale=704:576:flags=neighbor -c:v h263 -q:v 2"),
    film("dv", "film.dv", "raw DV, as it comes off a tape",
         "-vf scale=720:576:flags=neighbor -c:v dvvideo -pix_fmt yuv420p -aspect 16:9", "-c:a pcm_s16le -ar 48000 -ac 2",
         plays=Plays(shape=(16, 9))),
    film("mxf", "film.mxf", "MPEG-2 and PCM in MXF", "-c:v mpeg2video -q:v 4 -bf 2 -g 15", "-c:a pcm_s16le -ar 48000"),
    film("realmedia", "film.rm", "RealVideo 2 and AC-3 in RealMedia", "-vf scale=704:576:flags=neighbor,setsar=1 -c:v rv20 -q:v 2",
         "-c:a ac3", plays=Plays(shape=(704, 576))),
    film("wtv", "film.wtv", "a recording of Windows Media Center", "-c:v mpeg2video -q:v 4 -bf 2 -g 15", "-c:a ac3"),
    film("nut", "film.nut", "H.264 and AAC in NUT", X264),
    film("ivf", "film.ivf", "VP8 in IVF", f"-c:v libvpx {VPX} -b:v 400k", "", inputs="-i {picture}",
         plays=SILENT),
    film("y4m", "film.y4m", "uncompressed pictures as YUV4MPEG", "-f yuv4mpegpipe", "", inputs="-i {picture}", plays=SILENT),
    film("gif", "film.gif", "a GIF that moves", "", "", inputs="-i {picture}", plays=Plays(beeps=None, colours=True)),
    *(
        film(f"sound-{ending}", f"sound.{ending}", f"sound alone, as a file of {what}", "", codec, inputs="-i {sound}",
             plays=Plays(picture=False))
        for ending, what, codec in (
            ("mp3", "MP3", "-c:a libmp3lame"), ("flac", "FLAC", "-c:a flac"), ("wav", "WAV", "-c:a pcm_s16le"),
            ("aiff", "AIFF", "-c:a pcm_s16be"), ("ac3", "AC-3", "-c:a ac3"), ("eac3", "E-AC-3", "-c:a eac3"),
        )
    ),
    film("mkv-named-mp4", "matroska.mp4", "Matroska named .mp4", X264, f"{AAC} -f matroska", plays=COPIED),
    film("mp4-named-mkv", "mp4.mkv", "MP4 named .mkv", X264, f"{AAC} -f mp4", plays=COPIED),
    film("ts-named-avi", "ts.avi", "a transport stream named .avi", X264, f"{AAC} -f mpegts", plays=LOOSE),
    film("mkv-named-jpg", "film.jpg", "Matroska named .jpg", X264, f"{AAC} -f matroska", plays=COPIED),
    film("mkv-late", "late.mkv", "Matroska that begins at 2355 s", X264, f"{AAC} -output_ts_offset 2355", plays=COPIED),
    film("mp4-late", "late.mp4", "MP4 that begins at 10 s", X264, f"{AAC} -output_ts_offset 10", plays=COPIED),
    film("mkv-live", "live.mkv", "Matroska of unknown sizes, without duration and index", X264, f"{AAC} {LIVE}"),
    film("webm-live", "live.webm", "WebM of unknown sizes, as browsers record it", f"-c:v libvpx {VPX} -b:v 400k",
         f"-c:a libopus {LIVE.replace('matroska', 'webm')}"),
    film("mkv-no-cues", "nocues.mkv", "Matroska without Cues", X264, edit=edits.without_cues,
         plays=Plays(why="without a usable index of keyframes")),
    film("mkv-no-duration", "nodur.mkv", "Matroska that does not tell its duration", X264, edit=edits.without_duration,
         plays=COPIED),
    film("mkv-too-long", "long.mkv", "Matroska that says that it lasts an hour", X264, edit=edits.lasting(3600),
         plays=COPIED),
    film("mkv-too-short", "short.mkv", "Matroska that says that it lasts one second", X264, edit=edits.lasting(1),
         plays=COPIED),
    film("mp4-too-long", "long.mp4", "MP4 that says that it lasts an hour", X264, edit=edits.mp4_lasting(3600),
         plays=COPIED),
    film("mkv-cut", "cut.mkv", "the first 60 % of a Matroska", X264, edit=edits.first(0.6),
         plays=Plays(part=True, frames=50, length_s=2.6, length_off_s=0.6, beeps=(0, 1, 2), warning="cut short")),
    film("mp4-cut", "cut.mp4", "the first 70 % of an MP4 with its index first", X264, f"{AAC} -movflags +faststart",
         edit=edits.first(0.7),
         plays=Plays(part=True, frames=50, length_s=2.9, length_off_s=0.8, beeps=(0, 1, 2), warning="cut short")),
    film("ts-cut", "cut.ts", "the first 60 % of a transport stream", X264, edit=edits.first(0.6),
         plays=Plays(part=True, frames=50, length_s=2.5, length_off_s=0.6, beeps=(0, 1, 2))),
    film("ts-middle", "middle.ts", "a transport stream from its middle on", X264.replace("-g 50", "-g 25"),
         edit=edits.last(0.6),
         plays=Plays(part=True, first=50, frames=50, length_s=2.3, length_off_s=0.6, beeps=(2, 3), starts_s=None)),
    film("avi-cut", "cut.avi", "the first 60 % of an AVI", "-c:v mpeg4 -q:v 4", "-c:a libmp3lame",
         edit=edits.first(0.6), plays=Plays(part=True, frames=45, length_s=2.4, length_off_s=0.6, beeps=(0, 1, 2))),
    film("flv-cut", "cut.flv", "the first 60 % of an FLV", X264, edit=edits.first(0.6),
         plays=Plays(part=True, frames=45, length_s=2.4, length_off_s=0.6, beeps=(0, 1, 2))),
    film("mp4-fragmented-cut", "cutfrag.mp4", "the first 70 % of a fragmented MP4", X264,
         f"{AAC} -frag_duration 200000 -movflags +empty_moov", edit=edits.first(0.7),
         plays=Plays(part=True, frames=45, length_s=2.8, length_off_s=0.7, beeps=(0, 1, 2))),
    Input("mkvmerge", "mkvmerge.mkv", "Matroska by mkvmerge", (
        f"{FILM} {X264} {AAC} {{work}}/film.mkv", "mkvmerge --quiet -o {out} {work}/film.mkv",
    ), COPIED),
)  # fmt: skip
