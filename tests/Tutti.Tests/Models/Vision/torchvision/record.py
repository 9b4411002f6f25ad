"""Records what torchvision's networks make of weights and pictures that a formula gives, in float64: cases.json.

Run with Debian's python3-torchvision: /usr/bin/python3 record.py > cases.json
The names of weights are timm's or transformers'; TorchvisionTests.cs computes the same weights from them.
"""
import json
import math

import torch
import torchvision
from torchvision.models import efficientnet, swin_transformer as swin


def seed(name):
    return sum(ord(c) * (i + 1) for i, c in enumerate(name)) % 1000


def wave(name, count):
    values = []
    for i in range(count):
        x = math.sin(i * 12.9898 + seed(name) * 78.233) * 4375.5453
        values.append(x - math.floor(x) - 0.5)
    return torch.tensor(values, dtype=torch.float64)


def weight(name, shape):
    u = wave(name, math.prod(shape)).reshape(shape)
    last = name.split(".")[-1]
    if last == "logit_scale":
        return math.log(10) + u
    if last == "relative_position_bias_table":
        return u
    if len(shape) > 1:
        return u * 2 * math.sqrt(3 * shape[0] / math.prod(shape))
    if last == "running_var":
        return 0.45 + 0.3 * u
    if last == "weight":
        return 1 + 0.4 * u
    return 0.2 * u


def swin_names(depths, hf, second):
    """Our name -> (torchvision's, which third of it)."""
    root = ("swinv2." if second else "swin.") if hf else ""
    names = {}

    def both(ours, theirs, bias=True):
        names[ours + ".weight"] = (theirs + ".weight", None)
        if bias:
            names[ours + ".bias"] = (theirs + ".bias", None)

    both(root + ("embeddings.patch_embeddings.projection" if hf else "patch_embed.proj"), "features.0.0")
    both(root + ("embeddings.norm" if hf else "patch_embed.norm"), "features.0.2")
    for s, depth in enumerate(depths):
        for b in range(depth):
            to = f"features.{2 * s + 1}.{b}."
            at = root + (f"encoder.layers.{s}.blocks.{b}." if hf else f"layers.{s}.blocks.{b}.")
            inside = at + ("attention.self." if hf else "attn.")
            both(at + ("layernorm_before" if hf else "norm1"), to + "norm1")
            both(at + ("layernorm_after" if hf else "norm2"), to + "norm2")
            both(at + ("attention.output.dense" if hf else "attn.proj"), to + "attn.proj")
            both(at + ("intermediate.dense" if hf else "mlp.fc1"), to + "mlp.0")
            both(at + ("output.dense" if hf else "mlp.fc2"), to + "mlp.3")
            if hf:
                for third, part in enumerate(("query", "key", "value")):
                    names[inside + part + ".weight"] = (to + "attn.qkv.weight", third)
                    if third != 1 or not second:
                        names[inside + part + ".bias"] = (to + "attn.qkv.bias", third)
            else:
                names[inside + "qkv.weight"] = (to + "attn.qkv.weight", None)
                if second:
                    names[inside + "q_bias"] = (to + "attn.qkv.bias", 0)
                    names[inside + "v_bias"] = (to + "attn.qkv.bias", 2)
                else:
                    names[inside + "qkv.bias"] = (to + "attn.qkv.bias", None)
            if second:
                names[inside + "logit_scale"] = (to + "attn.logit_scale", None)
                network = inside + ("continuous_position_bias_mlp" if hf else "cpb_mlp")
                both(network + ".0", to + "attn.cpb_mlp.0")
                both(network + ".2", to + "attn.cpb_mlp.2", bias=False)
            else:
                names[inside + "relative_position_bias_table"] = (to + "attn.relative_position_bias_table", None)
        if s + 1 < len(depths):
            down = root + (f"encoder.layers.{s}.downsample" if hf else f"layers.{s + 1}.downsample")
            both(down + ".reduction", f"features.{2 * s + 2}.reduction", bias=False)
            both(down + ".norm", f"features.{2 * s + 2}.norm")
    both(root + ("layernorm" if hf else "norm"), "norm")
    both("classifier" if hf else "head.fc", "head")
    return names


def efficientnet_names(model):
    names = {}

    def layer(conv, norm, theirs):
        names[conv + ".weight"] = (theirs + ".0.weight", None)
        for part in ("weight", "bias", "running_mean", "running_var"):
            names[norm + "." + part] = (theirs + ".1." + part, None)

    layer("conv_stem", "bn1", "features.0")
    for s in range(7):
        for b in range(len(model.features[s + 1])):
            at, to = f"blocks.{s}.{b}.", f"features.{s + 1}.{b}.block."
            parts = [("conv_dw", "bn1"), None, ("conv_pw", "bn2")] if s == 0 else [("conv_pw", "bn1"), ("conv_dw", "bn2"), None, ("conv_pwl", "bn3")]
            for i, part in enumerate(parts):
                if part is not None:
                    layer(at + part[0], at + part[1], f"{to}{i}")
                    continue
                for ours, theirs in (("conv_reduce", "fc1"), ("conv_expand", "fc2")):
                    for kind in ("weight", "bias"):
                        names[f"{at}se.{ours}.{kind}"] = (f"{to}{i}.{theirs}.{kind}", None)
    layer("conv_head", "bn2", "features.8")
    names["classifier.weight"], names["classifier.bias"] = ("classifier.1.weight", None), ("classifier.1.bias", None)
    return names


def record(name, model, names, config, size, train=False):
    model = model.double().train(train)
    state = model.state_dict()
    for key in state:
        if key.endswith("qkv.bias"):
            state[key].zero_()                       # of the keys of the second version
    for ours, (theirs, third) in names.items():
        target = state[theirs] if third is None else state[theirs].chunk(3)[third]
        target.copy_(weight(ours, tuple(target.shape)))
    unset = set(state) - {theirs for theirs, _ in names.values()}
    assert all(key.endswith(("num_batches_tracked", "relative_position_index", "relative_coords_table")) for key in unset), unset
    pixels = 2 * wave("pixels", 2 * 3 * size * size).reshape(2, 3, size, size)
    logits = model(pixels)
    torch.nn.functional.cross_entropy(logits, torch.tensor([1, 0])).backward()
    parameters = dict(model.named_parameters())
    gradients = {}
    for ours, (theirs, third) in names.items():
        if theirs not in parameters:
            continue
        grad = parameters[theirs].grad if third is None else parameters[theirs].grad.chunk(3)[third]
        gradients[ours] = [grad.sum().item(), (grad.flatten() * wave(ours + "~", grad.numel())).sum().item()]
    return {"name": name, "config": config, "size": size, "train": train, "logits": logits.flatten().tolist(), "gradients": gradients}


def swins():
    for second in (False, True):
        block, down = (swin.SwinTransformerBlockV2, swin.PatchMergingV2) if second else (swin.SwinTransformerBlock, swin.PatchMerging)
        for hf, size in ((False, 32), (True, 40)):
            torch.manual_seed(0)
            model = swin.SwinTransformer(patch_size=[4, 4], embed_dim=8, depths=[2, 2], num_heads=[1, 2], window_size=[4, 4], mlp_ratio=2.0, num_classes=3, stochastic_depth_prob=0.0, block=block, downsample_layer=down)
            shape = {"embed_dim": 8, "depths": [2, 2], "num_heads": [1, 2], "window_size": 4, "mlp_ratio": 2.0, "drop_path_rate": 0.0}
            if hf:
                config = {"model_type": "swinv2" if second else "swin", "image_size": size, "num_labels": 3, "layer_norm_eps": 1e-5, **shape}
            else:
                config = {"class": "SwinTransformerV2" if second else "SwinTransformer", "img_size": size, "num_classes": 3, **shape}
            yield record(("swinv2" if second else "swin") + (" padded" if hf else ""), model, swin_names([2, 2], hf, second), config, size)


def efficientnets():
    for train in (False, True):
        settings, _ = efficientnet._efficientnet_conf("efficientnet_b0", width_mult=0.25, depth_mult=0.5)
        model = efficientnet.EfficientNet(settings, dropout=0.0, stochastic_depth_prob=0.0, last_channel=320, num_classes=3)
        config = {"class": "EfficientNet", "channel_multiplier": 0.25, "depth_multiplier": 0.5, "num_classes": 3}
        yield record("efficientnet" + (" training" if train else ""), model, efficientnet_names(model), config, 64, train)


cases = [*swins(), *efficientnets()]
print(json.dumps({"torchvision": torchvision.__version__, "torch": torch.__version__, "cases": cases}, indent=None, separators=(",", ":")))
