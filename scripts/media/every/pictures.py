"""Codecs of the picture, and pictures of unusual kinds."""

from . import base
from .inputs import Input, Plays

X264 = "-c:v libx264 -preset ultrafast -b_strategy 0 -bf 2 -g 50 -pix_fmt yuv420p"
AAC = "-c:a aac -b:a 96k"
FILM = "-i {picture} -i {sound}"
WOVEN = "-i {fields} -i {sound}"
HDR = (
    "zscale=rin=limited:min=709:tin=709:pin=709:t={transfer}:m=2020_ncl:p=2020:r=limited:npl=203,format=yuv420p10le"
)
X265 = "-c:v libx265 -preset ultrafast"
# Of a wide gamut display, as most discs have it.
MASTERING = "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50):max-cll=1000,400"
VPX = "-deadline realtime -cpu-used 8 -g 50"


def film(name, file, what, picture, sound=AAC, inputs=FILM, plays=None, **rest):
    return Input(name, file, what, (f"{inputs} {picture} {sound} {{out}}",), plays or Plays(), **rest)


def turned(name, file, what, picture, stored, by):
    """`stored`: how the picture lies in the file, a direction of `transpose`. `by`: how it is to be turned, in degrees."""
    return Input(name, file, what, (
        f"{FILM} -vf transpose={stored} {picture} {AAC} {{work}}/stored.mp4",
        f"-i {{work}}/stored.mp4 -c copy -metadata:s:v rotate={by} {{out}}",
    ), Plays())  # fmt: skip


def hdr(transfer):
    return "-vf " + HDR.format(transfer=transfer).replace("{", "{{").replace("}", "}}")


CODECS = (
    film("h264", "h264.mkv", "H.264 and AAC", X264, plays=Plays(why=None)),
    film("hevc", "hevc.mp4", "HEVC", f"{X265} -pix_fmt yuv420p -tag:v hvc1 -x265-params log-level=error",
         plays=Plays(why="HEVC: this browser cannot decode it")),
    film("hevc10", "hevc10.mkv", "HEVC of 10 bits", f"{X265} -pix_fmt yuv420p10le -x265-params log-level=error",
         plays=Plays(why="HEVC 10-bit: this browser cannot decode it")),
    film("av1", "av1.webm", "AV1 and Opus in WebM", "-c:v libsvtav1 -preset 12 -crf 40 -g 50", "-c:a libopus",
         plays=Plays(why=None)),
    film("vp9", "vp9.webm", "VP9 and Opus in WebM", f"-c:v libvpx-vp9 {VPX} -b:v 400k", "-c:a libopus",
         plays=Plays(why=None)),
    film("vp8", "vp8.webm", "VP8 and Vorbis in WebM", f"-c:v libvpx {VPX} -b:v 400k", "-c:a libvorbis",
         plays=Plays(why="VP8 is not passed on as it is")),
    film("mpeg1", "mpeg1.mpg", "MPEG-1 in a program stream", "-c:v mpeg1video -q:v 4 -bf 2", "-c:a mp2"),
    film("mpeg2", "mpeg2.ts", "MPEG-2 and AC-3 in a transport stream", "-c:v mpeg2video -q:v 4 -bf 2 -g 15",
         "-c:a ac3", plays=Plays(length_off_s=0.3)),
    film("mpeg4", "mpeg4.avi", "MPEG-4 ASP with B-frames and MP3 in AVI", "-c:v mpeg4 -bf 2 -q:v 4 -vtag XVID",
         "-c:a libmp3lame", plays=Plays(why="no browser decodes MPEG-4 ASP", colours=True)),
    film("mpeg4-divx", "divx.avi", "MPEG-4 ASP with single B-frames, called DivX", "-c:v mpeg4 -bf 1 -q:v 4 -vtag DX50",
         "-c:a libmp3lame"),
    film("high10", "high10.mkv", "H.264 High 10", X264.replace("yuv420p", "yuv420p10le"), plays=Plays(why=None)),
    film("high422", "high422.mkv", "H.264 High 4:2:2", X264.replace("yuv420p", "yuv422p"),
         plays=Plays(why="H.264: this browser cannot decode it")),
    film("high444", "high444.mkv", "H.264 High 4:4:4", X264.replace("yuv420p", "yuv444p")),
    film("theora", "theora.ogv", "Theora and Vorbis in Ogg", "-c:v libtheora -q:v 7", "-c:a libvorbis"),
    film("wmv2", "wmv2.wmv", "WMV 8 and WMA in ASF", "-c:v wmv2 -q:v 4", "-c:a wmav2"),
    # No encoder of ffmpeg's: the pictures are written by `wmv9`.
    film("wmv9", "wmv9.wmv", "WMV 9 (VC-1, simple profile) and WMA in ASF", "-c:v copy", "-c:a wmav2",
         inputs="-f vc1test -i {wmv9} -i {sound}", plays=Plays(shape=(16, 9), why="no browser decodes WMV 9")),
    film("wmv9-mkv", "wmv9.mkv", "WMV 9 and MP3 in Matroska", "-c:v copy", "-c:a libmp3lame",
         inputs="-f vc1test -i {wmv9} -i {sound}", plays=Plays(shape=(16, 9))),
    film("wmv1", "wmv1.wmv", "WMV 7 and WMA in ASF", "-c:v wmv1 -q:v 4", "-c:a wmav1"),
    film("msmpeg4", "msmpeg4.avi", "Microsoft's MPEG-4, version 3, and MP3",
         "-vf scale=640:360:flags=neighbor -c:v msmpeg4 -q:v 2 -g 12", "-c:a libmp3lame"),
    film("flv1", "sorenson.flv", "Sorenson H.263 and MP3 in FLV", "-c:v flv1 -q:v 4", "-c:a libmp3lame -ar 44100"),
    film("prores", "prores.mov", "ProRes 4:2:2 of 10 bits and PCM in MOV", "-c:v prores_ks", "-c:a pcm_s24le"),
    film("mjpeg", "mjpeg.avi", "Motion JPEG of full range and PCM in AVI", "-c:v mjpeg -q:v 4 -pix_fmt yuvj420p",
         "-c:a pcm_s16le"),
    film("ffv1", "ffv1.mkv", "FFV1 and FLAC", "-c:v ffv1 -pix_fmt yuv420p", "-c:a flac"),
)  # fmt: skip

DEINTERLACED = Plays(why="interlaced", combed=True)
INTERLACED = (
    film("interlaced-h264", "interlaced.mkv", "H.264 with interlaced frames",
         f"-vf tinterlace=interleave_top,fieldorder=tff {X264} -flags +ildct+ilme -x264-params tff=1", inputs=WOVEN,
         plays=DEINTERLACED),
    film("interlaced-bff", "bff.mkv", "H.264, interlaced with the bottom field first",
         f"-vf tinterlace=interleave_bottom,setfield=bff {X264} -flags +ildct+ilme -x264-params bff=1", inputs=WOVEN,
         plays=DEINTERLACED),
    film("interlaced-mpeg2", "interlaced.ts", "MPEG-2, interlaced, as television has it",
         "-vf tinterlace=interleave_top,setfield=tff -c:v mpeg2video -q:v 3 -bf 2 -g 12 -flags +ildct+ilme -top 1",
         "-c:a mp2", inputs=WOVEN, plays=Plays(why="interlaced", combed=True, length_off_s=0.3)),
    # Of these only the frames tell.
    film("interlaced-dv", "dv.avi", "DV, as camcorders record it",
         "-vf scale=720:576:flags=neighbor,tinterlace=interleave_bottom,setfield=bff -c:v dvvideo -pix_fmt yuv420p -aspect 16:9",
         "-c:a pcm_s16le -ar 48000 -ac 2", inputs=WOVEN, plays=Plays(shape=(16, 9), combed=True)),
    film("interlaced-mpeg4", "interlaced.avi", "MPEG-4 ASP, interlaced",
         "-vf tinterlace=interleave_top,setfield=tff -c:v mpeg4 -q:v 3 -flags +ildct+ilme -top 1", "-c:a libmp3lame",
         inputs=WOVEN, plays=Plays(combed=True)),
)  # fmt: skip

COLOURS = (
    film("hdr10", "hdr10.mkv", "HEVC with HDR10",
         f"{hdr('smpte2084')} {X265} -x265-params "
         f"log-level=error:hdr10=1:repeat-headers=1:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:{MASTERING}",
         plays=Plays(why="HDR10 colours are mapped", luma=base.LUMA, saturation=base.SATURATION)),
    film("hlg", "hlg.mp4", "HEVC with HLG",
         f"{hdr('arib-std-b67')} {X265} -tag:v hvc1 -x265-params "
         "log-level=error:colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc",
         plays=Plays(why="HLG colours are mapped", luma=base.LUMA, saturation=base.SATURATION)),
    # Chromium without a graphics card shows it unmapped, which is its own affair.
    film("hdr10-av1", "hdr10av1.mp4", "AV1 with HDR10",
         f"{hdr('smpte2084')} -c:v libsvtav1 -preset 12 -crf 30 -g 50 -color_primaries bt2020 -color_trc smpte2084 "
         "-colorspace bt2020nc", plays=Plays(why=None, readable=False)),
)  # fmt: skip

SHAPES = (
    film("anamorphic", "anamorphic.mp4", "H.264 with oblong pixels",
         f"-vf scale=240:180:flags=neighbor,setsar=4/3 {X264}",
         plays=Plays(why=None)),
    film("anamorphic-pal", "pal.mkv", "MPEG-2 with oblong pixels, as on a DVD",
         "-vf scale=720:576:flags=neighbor,setsar=64/45 -c:v mpeg2video -q:v 4 -g 15", "-c:a ac3",
         plays=Plays(shape=(16, 9))),
    turned("turned", "turned.mp4", "H.264, stored standing, to be turned by 90 degrees", X264, "clock", 90),
    turned("turned-back", "turned.mov", "H.264, stored standing, to be turned by 270 degrees", X264, "cclock", 270),
    turned("upside-down", "upside.mp4", "MPEG-4 ASP, stored upside down", "-c:v mpeg4 -q:v 3",
        "clock,transpose=clock", 180),
    turned("turned-hevc", "turned-hevc.mp4", "HEVC, stored standing, to be turned by 90 degrees",
           f"{X265} -pix_fmt yuv420p -tag:v hvc1 -x265-params log-level=error", "clock", 90),
    Input("turned-large", "turned-large.mp4", "MPEG-4 ASP of 1280 x 2400 pixels, to be turned and made smaller", (
        f"{FILM} -vf trim=end_frame=50,transpose=clock,scale=1280:2400:flags=neighbor,setsar=1 -c:v mpeg4 -q:v 5 "
        f"{AAC} -t 2 {{work}}/stored.mp4", "-i {work}/stored.mp4 -c copy -metadata:s:v rotate=90 {out}",
    ), Plays(frames=50, length_s=2.0, beeps=(0, 1), shape=(2400, 1280))),
    film("cropped", "cropped.mkv", "H.264 with edges cut off, of 318 x 178 pixels", f"-vf crop=318:178:0:0 {X264}",
         plays=Plays(why=None, shape=(318, 178))),
    film("odd", "odd.webm", "VP8 of 319 x 181 pixels", f"-vf scale=319:181:flags=neighbor -c:v libvpx {VPX} -b:v 400k",
         "-c:a libopus", plays=Plays(shape=(318, 180))),
    film("odd-444", "odd444.mkv", "H.264 4:4:4 of 319 x 181 pixels",
         f"-vf scale=319:181:flags=neighbor {X264.replace('yuv420p', 'yuv444p')}", plays=Plays(shape=(318, 180))),
    film("one-pixel", "one.webm", "VP8 of a single pixel", f"-vf scale=1:1,setsar=1 -c:v libvpx {VPX}", "-c:a libopus",
         plays=Plays(readable=False, shape=(1, 1))),
    film("two-pixels", "two.mkv", "FFV1 of 2 x 2 pixels", "-vf scale=2:2,setsar=1 -c:v ffv1 -pix_fmt yuv420p",
         plays=Plays(readable=False, shape=(1, 1))),
    film("8k", "8k.mkv", "H.264 of 7680 x 4320 pixels, twelve frames",
         f"-vf scale=7680:4320:flags=neighbor -frames:v 12 {X264} -crf 40", "-an",
         plays=Plays(frames=12, beeps=None, shape=(16, 9), length_s=0.48)),
    film("tall", "tall.mp4", "a narrow picture of 90 x 1600 pixels",
         f"-vf scale=90:1600:flags=neighbor,setsar=1 {X264}",
         plays=Plays(why=None, shape=(90, 1600))),
)  # fmt: skip

# Of the larger one mpv has BT.709's colours, of the smaller one BT.601's.
RGB = (
    film("rgb", "rgb.avi", "uncompressed RGB and PCM in AVI", "-c:v rawvideo -pix_fmt bgr24", "-c:a pcm_s16le",
         plays=Plays(colours=True)),
    film("rgb-large", "rgb.mov", "QuickTime's RGB of 1280 x 720 pixels and PCM in MOV",
         "-vf scale=1280:720:flags=neighbor -c:v qtrle -pix_fmt rgb24", "-c:a pcm_s16le", plays=Plays(colours=True)),
    film("rgb-palette", "palette.avi", "uncompressed pictures of 256 colours in AVI",
         "-vf \"split[a][b];[a]palettegen[p];[b][p]paletteuse=dither=none\" -c:v rawvideo", "-c:a pcm_s16le",
         plays=Plays(colours=True)),
)  # fmt: skip

# Pictures 25 to 49 are shown for 80 ms each, and so later ones a second later.
SLOW = "\"setpts='if(lt(N,25),N,if(lt(N,50),25+(N-25)*2,N+25))/25/TB'\""
RATES = (
    film("vfr", "vfr.mkv", "H.264 of a variable rate", f"-vf {SLOW} -fps_mode passthrough {X264}",
         plays=Plays(why=None, rate=None, length_s=5.0)),
    film("vfr-vp8", "vfr.webm", "VP8 of a variable rate",
         f"-vf {SLOW} -fps_mode passthrough -c:v libvpx {VPX} -b:v 400k",
         "-c:a libopus", plays=Plays(rate=None, length_s=5.0)),
    film("fps1", "fps1.mkv", "one frame a second", f"-vf setpts=N/TB,trim=end_frame=4 -fps_mode passthrough {X264}",
         plays=Plays(frames=4, rate=(1, 1))),
    film("fps120", "fps120.mkv", "120 frames a second, HEVC",
         f"-vf setpts=N/120/TB -r 120 {X265} -pix_fmt yuv420p -x265-params log-level=error", "-t 0.8 -c:a aac",
         plays=Plays(step=2, frames=48, rate=(120, 1), length_s=0.83, beeps=(0,))),
)  # fmt: skip

COVER = "-f lavfi -i color=red:size=128x192:rate=1:duration=1"
TRACKS = (
    Input("cover-first", "cover.mp4", "a film whose first video track is its cover", (
        f"{FILM} {X264} {AAC} {{work}}/film.mp4", f"{COVER} -frames:v 1 {{work}}/cover.png",
        "-i {work}/film.mp4 -i {work}/cover.png -map 1 -map 0 -c copy -disposition:v:0 attached_pic {out}",
    ), Plays(why=None)),
    Input("cover-alone", "album.m4a", "sound with a cover", (
        f"{COVER} -frames:v 1 {{work}}/cover.png",
        f"-i {{sound}} -i {{work}}/cover.png -map 0 -map 1 {AAC} -c:v copy -disposition:v:0 attached_pic -f mp4 {{out}}",
    ), Plays(picture=False)),
    Input("two-pictures", "angles.mkv", "two video tracks, of which the second is the default one", (
        f"-i {{picture}} -i {{sound}} -f lavfi -i color=blue:size=160x120:rate=25:duration=4 -map 2:v -map 0:v -map 1:a "
        f"{X264} {AAC} -disposition:v:0 0 -disposition:v:1 default {{out}}",
    ), Plays(why="only a file's first picture is passed on as it is")),
    film("sound-only", "sound.mka", "sound alone, in Matroska", "", inputs="-i {sound}", plays=Plays(picture=False)),
    film("sound-only-ogg", "sound.ogg", "Vorbis alone, in Ogg", "", "-c:a libvorbis", inputs="-i {sound}",
         plays=Plays(picture=False)),
    film("picture-only", "silent.mp4", "a picture without sound", X264, "", inputs="-i {picture}",
         plays=Plays(beeps=None, why=None)),
    film("picture-only-vp8", "silent.webm", "VP8 without sound", f"-c:v libvpx {VPX} -b:v 400k", "",
         inputs="-i {picture}",
         plays=Plays(beeps=None)),
    film("still", "still.mkv", "one single picture, and sound for four seconds", f"-vf trim=end_frame=1 {X264}",
         plays=Plays(frames=1)),
)  # fmt: skip

INPUTS = (*CODECS, *INTERLACED, *COLOURS, *RGB, *SHAPES, *RATES, *TRACKS)
