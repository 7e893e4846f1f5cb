"""What run.sh times: layers by themselves, losses, and the models of workflows/models/.

A layer is a network of one entry, in osteon's language; torch_times.py makes the same of PyTorch's parts.  Shapes are those of
one batch; each case has a small one too, for the stand-in.
"""
import json

# name, the entry (or entries), shape, small shape
LAYERS = [
    ("conv2d 3x3", {"op": "conv2d", "out": 64, "kernel": 3, "padding": 1},
     [32, 64, 56, 56], [1, 4, 6, 6]),
    ("conv2d 1x1", {"op": "conv2d", "out": 256, "kernel": 1},
     [32, 64, 56, 56], [1, 4, 6, 6]),
    ("conv2d 7x7/2", {"op": "conv2d", "out": 64, "kernel": 7, "padding": 3,
                      "stride": 2}, [32, 3, 224, 224], [1, 2, 8, 8]),
    ("conv2d dilated", {"op": "conv2d", "out": 64, "kernel": 3, "padding": 2,
                        "dilation": 2}, [16, 64, 64, 64], [1, 4, 6, 6]),
    ("conv2d grouped", {"op": "conv2d", "out": 64, "kernel": 3, "padding": 1,
                        "groups": 4}, [16, 64, 64, 64], [1, 8, 6, 6]),
    ("conv3d 3x3x3", {"op": "conv3d", "out": 32, "kernel": 3, "padding": 1},
     [4, 16, 8, 64, 64], [1, 2, 3, 4, 4]),
    ("conv_transpose2d 4x4/2",
     {"op": "conv_transpose2d", "out": 64, "kernel": 4, "stride": 2,
      "padding": 1}, [16, 128, 32, 32], [1, 4, 4, 4]),
    ("dense", {"op": "dense", "out": 4096}, [64, 4096], [4, 16]),
    ("batch_norm", {"op": "batch_norm"}, [32, 64, 56, 56], [4, 3, 6, 6]),
    ("instance_norm", {"op": "instance_norm"}, [8, 64, 128, 128], [2, 3, 6, 6]),
    ("layer_norm", {"op": "layer_norm"}, [8, 64, 64, 64], [2, 3, 6, 6]),
    ("relu", {"op": "relu"}, [32, 64, 56, 56], [1, 2, 6, 6]),
    ("leaky_relu", {"op": "leaky_relu", "slope": 0.2}, [32, 64, 56, 56],
     [1, 2, 6, 6]),
    ("prelu", {"op": "prelu"}, [32, 64, 56, 56], [1, 2, 6, 6]),
    ("sigmoid", {"op": "sigmoid"}, [32, 64, 56, 56], [1, 2, 6, 6]),
    ("tanh", {"op": "tanh"}, [32, 64, 56, 56], [1, 2, 6, 6]),
    ("scale", {"op": "scale", "by": 0.5}, [32, 64, 56, 56], [1, 2, 6, 6]),
    ("dropout", {"op": "dropout", "p": 0.5}, [32, 64, 56, 56], [1, 2, 6, 6]),
    ("gaussian_noise", {"op": "gaussian_noise"}, [32, 64, 56, 56], [1, 2, 6, 6]),
    ("softmax", {"op": "softmax"}, [8, 21, 128, 128], [1, 3, 6, 6]),
    ("add", {"op": "add", "in": ["input", "input"]}, [32, 64, 56, 56],
     [1, 2, 6, 6]),
    ("multiply", {"op": "multiply", "in": ["input", "input"]},
     [32, 64, 56, 56], [1, 2, 6, 6]),
    ("concat", {"op": "concat", "in": ["input", "input"]}, [32, 64, 56, 56],
     [1, 2, 6, 6]),
    ("slice", {"op": "slice", "from": 0, "to": 16}, [32, 64, 56, 56],
     [1, 20, 3, 3]),
    ("max_pool2d", {"op": "max_pool2d", "kernel": 3, "stride": 2,
                    "padding": 1}, [32, 64, 112, 112], [1, 2, 6, 6]),
    ("max_pool3d", {"op": "max_pool3d", "kernel": 2}, [4, 32, 8, 64, 64],
     [1, 2, 4, 4, 4]),
    ("avg_pool2d", {"op": "avg_pool2d", "kernel": 2}, [32, 64, 112, 112],
     [1, 2, 6, 6]),
    ("avg_pool3d", {"op": "avg_pool3d", "kernel": 2}, [4, 32, 8, 64, 64],
     [1, 2, 4, 4, 4]),
    ("adaptive_avg_pool2d", {"op": "adaptive_avg_pool2d", "size": 7},
     [32, 512, 14, 14], [1, 2, 9, 9]),
    ("adaptive_avg_pool3d", {"op": "adaptive_avg_pool3d", "size": 4},
     [4, 128, 8, 16, 16], [1, 2, 5, 5, 5]),
    ("adaptive_max_pool2d", {"op": "adaptive_max_pool2d", "size": 7},
     [32, 512, 14, 14], [1, 2, 9, 9]),
    ("global_avg_pool", {"op": "global_avg_pool"}, [32, 512, 7, 7],
     [1, 2, 6, 6]),
    ("global_max_pool", {"op": "global_max_pool"}, [32, 512, 7, 7],
     [1, 2, 6, 6]),
    ("mean", {"op": "mean", "axes": [1]}, [32, 64, 56, 56], [1, 3, 6, 6]),
    ("sum", {"op": "sum", "axes": [1]}, [32, 64, 56, 56], [1, 3, 6, 6]),
    ("max", {"op": "max", "axes": [1]}, [32, 64, 56, 56], [1, 3, 6, 6]),
    ("upsample nearest", {"op": "upsample", "factor": 2, "mode": "nearest"},
     [16, 64, 64, 64], [1, 2, 4, 4]),
    ("upsample bilinear", {"op": "upsample", "factor": 2, "mode": "bilinear"},
     [16, 64, 64, 64], [1, 2, 4, 4]),
    ("reflection_pad2d", {"op": "reflection_pad2d", "padding": 3},
     [8, 64, 128, 128], [1, 2, 6, 6]),
    ("conv_lstm", {"op": "conv_lstm", "hidden": 32}, [8, 16, 64, 64],
     [1, 2, 5, 5]),
]

LOSSES = [
    ("softmax_cross_entropy", [64, 1000], [4, 3]),
    ("sigmoid_cross_entropy", [8, 1, 256, 256], [2, 1, 5, 5]),
    ("focal", [8, 1, 256, 256], [2, 1, 5, 5]),
    ("dice", [8, 1, 256, 256], [2, 1, 5, 5]),
    ("l1", [8, 1, 256, 256], [2, 1, 5, 5]),
    ("l2", [8, 1, 256, 256], [2, 1, 5, 5]),
]

UPDATES = [("adam", [20_000_000], [50]), ("sgd", [20_000_000], [50])]

# Items of a batch, at the input that the model's file says; and the models that
# the stand-in computes, with a small input.
MODELS = {
    "alexnet": 32, "alexnet_bn": 32, "cnn3d": 4, "conv_lstm_discriminator": 4,
    "conv_lstm_generator": 4, "dcgan_discriminator": 16, "dcgan_generator": 16,
    "drn": 8, "filter_bank": 8, "googlenet": 32, "patch_gan": 8, "ra_conv": 8,
    "resnet18": 32, "resnet34": 32, "resnet34_scan": 32, "resnet_generator": 4,
    "site_report": 2, "small_cnn": 64, "unet": 8, "unet256": 8,
    "unet_residual": 16, "unit2018_discriminator": 4, "unit2018_generator": 4,
    "unit_discriminator": 4, "unit_generator": 4, "vgg11": 16,
}
# Where the file does not say it, or hangs it on a param.
INPUTS = {"small_cnn": [1, 64, 64], "unit_generator": [1, 256, 256],
          "unit2018_generator": [1, 256, 256]}
SMALL_MODELS = {"small_cnn": [2, 1, 32, 32]}


def document(name, entry):
    """A network of one layer; what it reads is its input."""
    return {"osteon_model": 1, "name": name, "scores": "none",
            "layers": [entry]}


def layer_requests(small):
    for name, entry, shape, tiny in LAYERS:
        chosen = tiny if small else shape
        yield name, {"document": document(name, entry), "shape": chosen,
                     "what": "layer"}


def loss_requests(small):
    for name, shape, tiny in LOSSES:
        yield name, {"loss": name, "shape": tiny if small else shape}


def update_requests(small):
    for name, shape, tiny in UPDATES:
        yield name, {"update": name, "shape": tiny if small else shape}


def model_shapes(folder, small):
    """name, file, shape of a batch"""
    if small:
        for name, shape in SMALL_MODELS.items():
            yield name, folder / f"{name}.json", shape
        return
    for path in sorted(folder.glob("*.json")):
        shape = (INPUTS.get(path.stem) or
                 json.loads(path.read_text())["input"])
        yield path.stem, path, [MODELS[path.stem], *shape]
