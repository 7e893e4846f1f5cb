#!/usr/bin/env python3
"""Makes tests/golden/formats/: small files of many formats, and what they hold.

The files are written and the values computed by Pillow, tifffile, nibabel,
NumPy and libtiff's tools (tiffcp), independently of osteon.  expect.json has,
per item that `ingest` is to make of a file, its type, its shape and the SHA-256
of its values in row order; `seen` are attributes.

usage: tests/parity/make_format_references.py   (with those packages)
"""
import hashlib
import json
import pathlib
import subprocess
import tempfile

import nibabel as nib
import numpy as np
import tifffile
from PIL import Image

HERE = pathlib.Path(__file__).resolve().parent.parent / "golden" / "formats"
FILES = HERE / "files"
NAMES = {"uint8": "u8", "uint16": "u16", "float32": "f32"}
expect = {}


def gray(rgb):
    """ITU-R BT.601 in integers, as osteon makes color gray."""
    r, g, b = (rgb[..., i].astype(np.uint64) for i in range(3))
    return ((19595 * r + 38470 * g + 7471 * b + 32768) >> 16).astype(rgb.dtype)


def field_of(array):
    """Type, shape and digest of the values in row order, little endian."""
    array = np.ascontiguousarray(array)
    words = array.astype(array.dtype.newbyteorder("<"))
    return (f"{NAMES[array.dtype.name]}({', '.join(map(str, array.shape))}) "
            + hashlib.sha256(words.tobytes()).hexdigest())


def item(case, name, array, **seen):
    """What `ingest` gives for the item `name` under the settings of `case`."""
    expect.setdefault(case, {})[name] = {
        "fields": {"image": field_of(array)},
        "seen": {k: v if isinstance(v, (int, str)) else round(float(v), 6)
                 for k, v in seen.items()},
    }


def both(name, rgb, **seen):
    """A color picture: gray as a rule, color where it is kept."""
    item("plain", name, gray(rgb), **seen)
    item("color", name, rgb, **seen)


def same(name, array, **seen):
    item("plain", name, array, **seen)
    item("color", name, array, **seen)


def picture(seed, shape, dtype):
    rng = np.random.default_rng(seed)
    if np.issubdtype(dtype, np.floating):
        return rng.normal(0, 100, shape).astype(dtype)
    info = np.iinfo(dtype)
    return rng.integers(max(info.min, -2**20), min(info.max, 2**20), shape,
                        dtype=dtype, endpoint=True)


# --- TIFF -------------------------------------------------------------------

def tiff_types():
    for k, t in enumerate(["u1", "u2", "i1", "i2", "i4", "u4", "f2", "f4",
                           "f8"]):
        for order in "<>":
            a = picture(k, (5, 7), np.dtype(t))
            name = f"tiff/type_{t}_{'le' if order == '<' else 'be'}"
            tifffile.imwrite(FILES / f"{name}.tif", a, byteorder=order,
                             metadata=None)
            same(name, a if t in ("u1", "u2") else a.astype(np.float32))
    a = picture(20, (4, 6), np.uint16)
    tifffile.imwrite(FILES / "tiff/big.tif", a, bigtiff=True, metadata=None)
    same("tiff/big", a)
    tifffile.imwrite(FILES / "tiff/white.tif", a, photometric="miniswhite",
                     metadata=None)
    same("tiff/white", 65535 - a)
    f = picture(21, (4, 6), np.float32)
    tifffile.imwrite(FILES / "tiff/white_float.tif", f,
                     photometric="miniswhite", metadata=None)
    same("tiff/white_float", f, photometric="MINISWHITE")


def tiff_colors():
    for t in ("u1", "u2"):
        for planar in ("contig", "separate"):
            rgb = picture(30, (5, 6, 3), np.dtype(t))
            stored = rgb if planar == "contig" else rgb.transpose(2, 0, 1)
            name = f"tiff/rgb_{t}_{planar}"
            tifffile.imwrite(FILES / f"{name}.tif", stored, photometric="rgb",
                             planarconfig=planar, metadata=None)
            both(name, rgb)
    rgba = picture(31, (5, 6, 4), np.uint8)
    tifffile.imwrite(FILES / "tiff/rgba.tif", rgba, photometric="rgb",
                     extrasamples=["unassalpha"], metadata=None)
    both("tiff/rgba", rgba[..., :3])
    index = picture(32, (5, 6), np.uint8)
    table = picture(33, (3, 256), np.uint16)
    tifffile.imwrite(FILES / "tiff/palette.tif", index, photometric="palette",
                     colormap=table, metadata=None)
    both("tiff/palette",
         (table >> 8).astype(np.uint8).T[index])
    cmyk = picture(34, (5, 6, 4), np.uint8)
    tifffile.imwrite(FILES / "tiff/cmyk.tif", cmyk, photometric="separated",
                     metadata=None)
    light = 255 - cmyk.astype(int)
    # libtiff's conversion: ink and black in whole numbers.
    both("tiff/cmyk", (light[..., 3:] * light[..., :3] // 255)
         .astype(np.uint8))


def tiff_compressions():
    a = np.add.outer(np.arange(40) * 3, np.arange(33) * 2).astype(np.uint8)
    bits = picture(40, (20, 37), np.uint8) > 128
    for c in ("raw", "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate",
              "packbits", "zstd", "lzma"):
        name = f"tiff/pack_{c}"
        Image.fromarray(a).save(FILES / f"{name}.tif", compression=c)
        same(name, a)
    for c in ("group3", "group4", "tiff_ccitt", "raw"):
        name = f"tiff/bits_{c}"
        Image.fromarray(bits).save(FILES / f"{name}.tif", compression=c)
        same(name, bits.astype(np.uint8) * 255)


def tiffcp(source, target, *args):
    subprocess.run(["tiffcp", *args, source, target], check=True)


def tiff_tiles(folder):
    a = picture(50, (45, 70), np.uint16)
    rgb = picture(51, (45, 70, 3), np.uint8)
    for name, array, args in (
            ("gray_tiles", a, ["-t", "-w", "32", "-l", "16"]),
            ("gray_tiles_lzw", a, ["-t", "-w", "32", "-l", "16", "-c",
                                   "lzw:2"]),
            ("rgb_tiles_separate", rgb, ["-t", "-w", "16", "-l", "32", "-p",
                                         "separate"]),
            ("rgb_strips_zip", rgb, ["-r", "7", "-c", "zip:2"])):
        plain = folder / "plain.tif"
        tifffile.imwrite(plain, array, metadata=None,
                         photometric="rgb" if array.ndim == 3 else "minisblack")
        tiffcp(plain, FILES / f"tiff/{name}.tif", *args)
        (both if array.ndim == 3 else same)(f"tiff/{name}", array)


def tiff_pages():
    pages = [picture(60 + i, (4 + i, 6), np.uint8) for i in range(3)]
    with tifffile.TiffWriter(FILES / "tiff/pages.tif") as t:
        for i, a in enumerate(pages):
            t.write(a, metadata=None)
            t.write(a[::2, ::2], subfiletype=1, metadata=None)
    for i, a in enumerate(pages):
        same(f"tiff/pages#{i}", a, frame=i)
    stack = picture(64, (2, 4, 5), np.uint16)
    tifffile.imwrite(FILES / "tiff/ome.ome.tif", stack, ome=True,
                     metadata={"axes": "ZYX"})
    for i in range(2):
        same(f"tiff/ome.ome#{i}", stack[i], frame=i)


# --- orientation ------------------------------------------------------------

TURNS = {1: lambda a: a, 2: np.fliplr, 3: lambda a: np.rot90(a, 2),
         4: np.flipud, 5: lambda a: a.swapaxes(0, 1),
         6: lambda a: np.rot90(a, -1),
         7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
         8: lambda a: np.rot90(a, 1)}


def orientations():
    a = picture(70, (3, 5), np.uint8)
    for n, turn in TURNS.items():
        exif = Image.Exif()
        exif[0x0112] = n
        Image.fromarray(a).save(FILES / f"turn/png{n}.png", exif=exif)
        jpeg = FILES / f"turn/jpeg{n}.jpg"
        Image.fromarray(np.kron(a, np.ones((8, 8), np.uint8))).save(
            jpeg, exif=exif, quality=100)
        tifffile.imwrite(FILES / f"turn/tiff{n}.tif", a, metadata=None,
                         extratags=[(274, "H", 1, n, True)])
        with Image.open(jpeg) as p:
            stored = np.asarray(p)
        for name, array in ((f"png{n}", a), (f"jpeg{n}", stored),
                            (f"tiff{n}", a)):
            same(f"turn/{name}", turn(array))
            item("stored", f"turn/{name}", array)


def jpeg_inks():
    cmyk = np.kron(picture(80, (2, 3, 4), np.uint8), np.ones((8, 8, 1),
                                                             np.uint8))
    path = FILES / "jpeg/cmyk.jpg"
    Image.fromarray(cmyk, "CMYK").save(path, quality=100)
    with Image.open(path) as p:
        inks = 255 - np.asarray(p).astype(int)
    both("jpeg/cmyk", ((inks[..., :3] * inks[..., 3:] + 127) // 255)
         .astype(np.uint8))


# --- NIfTI ------------------------------------------------------------------

def plane(lps, name, k):
    """Slice k of an array whose axes run to the left, the back, the head."""
    return {"axial": lambda: lps[:, :, k].T,
            "coronal": lambda: lps[:, k, ::-1].T,
            "sagittal": lambda: lps[k, :, ::-1].T}[name]()


def to_lps(image, array):
    have = nib.orientations.io_orientation(image.affine)
    want = nib.orientations.axcodes2ornt(("L", "P", "S"))
    turn = nib.orientations.ornt_transform(have, want)
    return nib.orientations.apply_orientation(array, turn), have


def volume(name):
    """The slices of a saved 3-D volume, by nibabel's reading of it."""
    image = nib.load(FILES / name)
    a = np.asarray(image.dataobj.get_unscaled())
    a = a if a.dtype in (np.uint8, np.uint16) else a.astype(np.float32)
    scaled = image.get_fdata(dtype=np.float64).astype(np.float32)
    lps, have = to_lps(image, a)
    zooms = image.header.get_zooms()
    stem = name.removesuffix(".gz").removesuffix(".nii")
    for k in range(a.shape[2]):
        item("stored", f"{stem}#{k}", a[:, :, k].T, frame=k,
             **{"spacing.y": zooms[1], "spacing.x": zooms[0]})
        item("rescaled", f"{stem}#{k}", scaled[:, :, k].T)
    for name in ("axial", "coronal", "sagittal"):
        axis = ("sagittal", "coronal", "axial").index(name)
        for k in range(lps.shape[axis]):
            item(name, f"{stem}#{k}", plane(lps, name, k), frame=k)
            if axis == have[2, 0]:  # the third axis of the file
                same(f"{stem}#{k}", plane(lps, name, k), frame=k)


def nifti():
    rng = np.random.default_rng(90)
    for k, (t, kind) in enumerate([
            ("u1", nib.Nifti1Image), ("i2", nib.Nifti1Image),
            ("u2", nib.Nifti2Image), ("f4", nib.Nifti2Image),
            ("f8", nib.Nifti1Image), ("i4", nib.Nifti1Image)]):
        a = picture(90 + k, (3, 4, 5), np.dtype(t))
        # A patient who lies obliquely, axes in any order and direction.
        m = np.zeros((4, 4))
        m[rng.permutation(3), [0, 1, 2]] = rng.choice([-1, 1], 3)
        m[:3, :3] += rng.uniform(-0.2, 0.2, (3, 3))
        m[:3, :3] *= [1.5, 2.5, 4]
        m[:, 3] = [5, 6, 7, 1]
        image = kind(a, m)
        if k % 2:
            image.set_sform(None, 0)
            image.set_qform(m, 1, strip_shears=True)
        else:
            image.set_sform(m, 1)
            image.set_qform(None, 0)
        if t == "i2":
            image.header.set_slope_inter(0.5, -3)
        name = f"nifti/{kind.__name__[:6].lower()}_{t}.nii" + \
            (".gz" if k % 3 else "")
        nib.save(image, FILES / name)
        volume(name)
    a = picture(97, (3, 4, 2), np.int16).astype(">i2")
    image = nib.Nifti1Image(a, np.diag([1, 1, 1, 1]),
                            nib.Nifti1Header(endianness=">"))
    image.set_sform(None, 0)
    image.set_qform(None, 0)
    nib.save(image, FILES / "nifti/big_without_place.nii")
    volume("nifti/big_without_place.nii")
    a = picture(98, (4, 3, 2, 3), np.uint8)
    image = nib.Nifti1Image(a, np.diag([-2, -2, 3, 1]))
    image.header.set_xyzt_units("mm", "msec")
    image.header["pixdim"][4] = 1500
    nib.save(image, FILES / "nifti/series.nii.gz")
    for t in range(3):
        for z in range(2):
            same(f"nifti/series#{t}#{z}", a[:, :, z, t].T, frame=z,
                 timepoint=t, seconds=1.5 * t,
                 **{"spacing.y": 2, "spacing.x": 2})
    rgb = np.zeros((3, 4, 1), [("R", "u1"), ("G", "u1"), ("B", "u1")])
    colors = picture(99, (4, 3, 3), np.uint8)
    for c, channel in enumerate("RGB"):
        rgb[channel][:, :, 0] = colors[..., c].T
    nib.save(nib.Nifti1Image(rgb, np.diag([-1, -1, 1, 1])),
             FILES / "nifti/color.nii")
    both("nifti/color", colors)


# --- NumPy ------------------------------------------------------------------

def as_stored(a):
    if a.dtype == bool:
        return a.astype(np.uint8)
    native = a.astype(a.dtype.newbyteorder("="))
    return native if native.dtype in (np.uint8, np.uint16) else \
        native.astype(np.float32)


def numpy_files():
    types = ["?", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4",
             "f8"]
    for k, t in enumerate(types):
        for order in "<>":
            a = picture(100 + k, (3, 4), np.uint8) > 99 if t == "?" else \
                picture(100 + k, (3, 4), np.dtype(t))
            a = a.astype(np.dtype(t).newbyteorder(order))
            if order == ">":
                a = np.asfortranarray(a)
            name = f"npy/type_{np.dtype(t).name}_{'le' if order == '<' else 'be'}"
            np.save(FILES / f"{name}.npy", a)
            same(name, as_stored(a))
    rgb = picture(120, (3, 5, 3), np.uint8)
    np.save(FILES / "npy/rgb.npy", np.asfortranarray(rgb))
    both("npy/rgb", rgb)
    np.save(FILES / "npy/rgba.npy",
            np.concatenate([rgb, rgb[..., :1]], axis=2))
    both("npy/rgba", rgb)
    np.save(FILES / "npy/one.npy", rgb[..., :1])
    same("npy/one", rgb[..., 0])
    stack = picture(121, (3, 4, 5), np.uint16)
    np.save(FILES / "npy/stack.npy", np.asfortranarray(stack))
    colors = picture(122, (2, 3, 4, 3), np.uint8)
    np.save(FILES / "npy/colors.npy", colors)
    for i in range(3):
        same(f"npy/stack#{i}", stack[i], frame=i)
    for i in range(2):
        both(f"npy/colors#{i}", colors[i], frame=i)
    mask = picture(123, (3, 5), np.uint8) > 128
    boxes = np.array([[0, 1, 2, 3], [1.5, 1, 4, 3]])
    np.savez_compressed(FILES / "npy/fields.npz", **{
        "image": rgb, "mask.lesion": mask, "boxes": boxes, "other": stack})
    both("npy/fields", rgb)
    for case in ("plain", "color"):
        expect[case]["npy/fields"]["fields"] |= {
            "mask.lesion": field_of(mask.astype(np.uint8)),
            "boxes": field_of(boxes.astype(np.float32))}
    np.savez(FILES / "npy/arrays.npz", first=rgb[..., 0], second=stack)
    same("npy/arrays/first", rgb[..., 0])
    for i in range(3):
        same(f"npy/arrays/second#{i}", stack[i], frame=i)


def main():
    for folder in ("tiff", "turn", "jpeg", "nifti", "npy"):
        (FILES / folder).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        tiff_types()
        tiff_colors()
        tiff_compressions()
        tiff_tiles(pathlib.Path(folder))
        tiff_pages()
        orientations()
        jpeg_inks()
        nifti()
        numpy_files()
    (HERE / "expect.json").write_text(
        json.dumps(expect, indent=1, sort_keys=True) + "\n")


main()
