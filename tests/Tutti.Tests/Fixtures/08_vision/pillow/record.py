#!/usr/bin/env python3
"""Records what Pillow makes of small made-up pictures: files of many formats and how they decode, and changes of colours and places. Run in this folder; needs python3-pil."""
import base64
import io
import json
import struct

from PIL import Image, ImageCms, ImageEnhance, ImageOps

WIDTH, HEIGHT = 21, 14


def made():
    """Gradients, an edge and some dots: enough to see a wrong channel, row or turn."""
    pixels = bytearray()
    state = 12345
    for y in range(HEIGHT):
        for x in range(WIDTH):
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            noise = (state >> 16) & 31
            pixels += bytes(((x * 12 + noise) & 255, (y * 17 + noise) & 255, (200 if x > y else 30) + noise))
    return Image.frombytes("RGB", (WIDTH, HEIGHT), bytes(pixels))


def smooth():
    """Without noise, for lossy formats."""
    return Image.frombytes("RGB", (48, 32), bytes(v for y in range(32) for x in range(48) for v in (x * 5, y * 7, 255 - x * 2 - y)))


def encoded(image):
    return base64.b64encode(image.tobytes()).decode()


def profile():
    """A display profile with the primaries of a wide gamut and gamma 2.2, ICC version 2."""
    def fixed(value):
        return struct.pack(">i", round(value * 65536))

    def xyz(x, y, z):
        return b"XYZ " + bytes(4) + fixed(x) + fixed(y) + fixed(z)
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(2.2 * 256)) + bytes(2)
    text = b"wide gamut of ours\0"
    description = b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(78)
    description += bytes(-len(description) % 4)
    tags = [(b"desc", description), (b"cprt", b"text" + bytes(4) + b"none\0\0\0\0"), (b"wtpt", xyz(0.9642, 1, 0.8249)),
            (b"rXYZ", xyz(0.7161, 0.2582, 0.0)), (b"gXYZ", xyz(0.1009, 0.7249, 0.0518)), (b"bXYZ", xyz(0.1472, 0.0169, 0.7731)),
            (b"rTRC", curve), (b"gTRC", curve), (b"bTRC", curve)]
    table, data, at = b"", b"", 128 + 4 + 12 * len(tags)
    for name, body in tags:
        table += name + struct.pack(">II", at + len(data), len(body))
        data += body
    header = struct.pack(">I4sI4s4s4s", 128 + 4 + len(table) + len(data), b"none", 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    header += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + fixed(0.9642) + fixed(1) + fixed(0.8249) + bytes(48)
    return header + struct.pack(">I", len(tags)) + table + data


def files():
    image, soft = made(), smooth()
    found = {}

    def put(name, expected, tolerance=0, **how):
        """how: which settings of reading this is about."""
        found[name] = {"width": expected.width, "height": expected.height, "tolerance": tolerance, "rgb": encoded(expected), **how}

    def save(name, picture, expected=None, tolerance=0, how=None, **options):
        picture.save(name, **options)
        opened = Image.open(name)
        put(name, expected or opened.convert("RGB"), tolerance, **(how or {}))

    save("rgb.png", image)
    save("grey.png", image.convert("L"))
    save("bilevel.png", image.convert("1"))
    save("palette.png", image.quantize(13))
    save("palette-transparent.png", image.quantize(13), transparency=3)
    rgba = image.copy()
    rgba.putalpha(Image.linear_gradient("L").resize(image.size))
    save("rgba.png", rgba)
    white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
    rgba.save("rgba-on-white.png")
    put("rgba-on-white.png", Image.alpha_composite(white, rgba).convert("RGB"), 1, onWhite=True)
    save("grey-alpha.png", rgba.convert("LA"))
    wide = Image.frombytes("I;16", image.size, b"".join(struct.pack("<H", v * 257) for v in image.convert("L").tobytes()))
    save("grey16.png", wide, image.convert("L").convert("RGB"))
    save("orientation.png", image, ImageOps.exif_transpose(image_with(image, 6)), how={"orientation": True}, exif=exif(6))
    for way in range(1, 9):
        name = f"orientation-{way}.jpg"
        soft.save(name, quality=95, subsampling=0, exif=exif(way))
        put(name, ImageOps.exif_transpose(Image.open(name)).convert("RGB"), 0, orientation=True)
    save("progressive.jpg", soft, progressive=True, quality=90)
    save("grey.jpg", soft.convert("L"), quality=90)
    save("chroma-420.jpg", soft, quality=80, subsampling=2)
    save("cmyk.jpg", soft.convert("CMYK"), quality=95, tolerance=1)
    wide_profile = profile()
    image.save("profile.png", icc_profile=wide_profile)
    srgb = ImageCms.createProfile("sRGB")
    put("profile.png", ImageCms.profileToProfile(image, ImageCms.ImageCmsProfile(io.BytesIO(wide_profile)), srgb, renderingIntent=1), 2, profiles=True)
    image.save("profile-broken.png", icc_profile=wide_profile[:150])
    put("profile-broken.png", image, 0, profiles=True)
    save("lossless.webp", image, lossless=True)
    save("lossy.webp", soft, quality=90, tolerance=1)
    save("alpha.webp", rgba, lossless=True, exact=True)
    frames = [image.quantize(16), image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).quantize(16)]
    save("animated.gif", frames[0], save_all=True, append_images=frames[1:], duration=100)
    save("grey.gif", image.convert("L"))
    for packing in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"):
        save(f"{packing.replace('tiff_', '').replace('adobe_', '')}.tiff", image, compression=packing)
    save("grey.tiff", image.convert("L"))
    save("palette.tiff", image.quantize(13))
    save("bilevel.tiff", image.convert("1"))
    save("rgba.tiff", rgba)
    save("cmyk.tiff", image.convert("CMYK"), tolerance=1)
    save("grey16.tiff", wide, image.convert("L").convert("RGB"))
    for mode, name in (("RGB", "24"), ("RGBA", "32"), ("P", "8"), ("L", "grey8"), ("1", "1")):
        save(f"bits-{name}.bmp", image.quantize(13) if mode == "P" else rgba if mode == "RGBA" else image.convert(mode))
    return found


def exif(way):
    tags = Image.Exif()
    tags[0x0112] = way
    return tags.tobytes()


def image_with(image, way):
    stream = io.BytesIO()
    image.save(stream, "PNG", exif=exif(way))
    return Image.open(stream)


def changes():
    image = made()
    found = []

    def put(name, strength, result):
        found.append({"name": name, "strength": strength, "rgb": encoded(result)})

    for factor in (0.0, 0.1, 0.55, 1.0, 1.35, 1.9):
        for name, enhancer in (("Brightness", ImageEnhance.Brightness), ("Contrast", ImageEnhance.Contrast), ("Color", ImageEnhance.Color), ("Sharpness", ImageEnhance.Sharpness)):
            put(name, factor - 1, enhancer(image).enhance(factor))
    for bits in (4, 6, 8):
        put("Posterize", bits, ImageOps.posterize(image, bits))
    for threshold in (0, 90.5, 255):
        put("Solarize", threshold, ImageOps.solarize(image, threshold))
    put("AutoContrast", 0, ImageOps.autocontrast(image))
    put("Equalize", 0, ImageOps.equalize(image))
    for level in (-0.3, 0.09, 0.21):
        put("ShearX", level, image.transform(image.size, Image.Transform.AFFINE, (1, level, 0, 0, 1, 0), Image.Resampling.NEAREST))
        put("ShearY", level, image.transform(image.size, Image.Transform.AFFINE, (1, 0, 0, level, 1, 0), Image.Resampling.NEAREST))
    for pixels in (-5, 3):
        put("TranslateX", pixels, image.transform(image.size, Image.Transform.AFFINE, (1, 0, -pixels, 0, 1, 0), Image.Resampling.NEAREST))
        put("TranslateY", pixels, image.transform(image.size, Image.Transform.AFFINE, (1, 0, 0, 0, 1, -pixels), Image.Resampling.NEAREST))
    for degrees in (-30, 7, 63):
        put("Rotate", degrees, image.rotate(degrees, Image.Resampling.NEAREST))
    for share in (-0.5, -0.21, 0.04, 0.37):
        h, s, v = image.convert("HSV").split()
        turned = h.point(lambda value: (value + (int(share * 255) & 255)) & 255)
        put("Hue", share, Image.merge("HSV", (turned, s, v)).convert("RGB"))
    return {"width": image.width, "height": image.height, "rgb": encoded(image), "changes": found}


def main():
    version = Image.__version__
    with open("files.json", "w", encoding="utf-8") as out:
        json.dump({"pillow": version, "files": files()}, out, indent=1)
    with open("changes.json", "w", encoding="utf-8") as out:
        json.dump({"pillow": version, **changes()}, out, indent=1)


if __name__ == "__main__":
    main()
