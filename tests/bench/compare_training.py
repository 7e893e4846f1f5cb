#!/usr/bin/env python3
"""Networks trained on real images, ours and PyTorch's by the same recipe.

    compare_training.py BUILD DATA [--rows alexnet_bn,resnet18,ra_conv]
                        [--seeds 5] [--work FOLDER]

BUILD is the build folder, DATA the folder of sample images.  Each row trains one
network of workflows/models/ from as many seeds on either side: the same
training and test images (osteon splits, by patient where patients are known,
and exports both), the same normalization, batches, optimizer, schedule and
distributions of first weights, each with random numbers of its own.  A line of
JSON per row, then a table: test accuracy of every seed, mean, spread, and how
far the two means lie apart in standard errors.

The PyTorch side needs what tests/parity/environment.py installs.
"""
import argparse
import csv
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests/parity"))
import environment  # noqa: E402

environment.enter()

import torch  # noqa: E402
import torch_networks  # noqa: E402
import torchvision  # noqa: E402

ROWS = {
    "alexnet_bn": {
        "data": "01_classify_mednist", "columns": {}, "size": [112, 112],
        "make": lambda k: torch_networks.alexnet(1, k, norm=True, side=112),
        "params": {}, "epochs": 6, "batch": 32, "optimizer": "sgd",
        "learning_rate": 0.01, "momentum": 0.9},
    "resnet18": {
        "data": "04_classify_mri_brain", "columns": {}, "size": [96, 96],
        "make": lambda k: torch_networks.resnet(18, 1, k),
        "params": {}, "epochs": 8, "batch": 16, "optimizer": "adam",
        "learning_rate": 0.0005, "momentum": 0.9},
    "ra_conv": {
        "data": "02_classify_nih_cxr", "columns": {"group": "patient_id"},
        "size": [96, 96],
        "make": lambda k: torch_networks.ra_conv(1, k),
        "params": {}, "epochs": 6, "batch": 16, "optimizer": "adam",
        "learning_rate": 0.0005, "momentum": 0.9},
}


def workflow(network, row, seeds):
    train = {"network": f"lib:{network}", "network_params": row["params"],
             "epochs": row["epochs"], "batch": row["batch"],
             "optimizer": row["optimizer"], "learning_rate": row["learning_rate"],
             "schedule": "cosine"}
    if row["optimizer"] == "sgd":
        train["momentum"] = row["momentum"]
    return {
        "osteon": 1, "name": f"compare-{network}", "seed": 1,
        "inputs": {"images": {"type": "dataset"}},
        "axes": {"repeat": {"range": seeds}},
        "nodes": {
            "ingest": {"stage": "ingest", "in": "$images",
                       "with": {"columns": row["columns"]}},
            "resized": {"stage": "resize", "in": "ingest",
                        "with": {"size": row["size"]}},
            "sets": {"stage": "split", "in": "resized", "with": {"fraction": 0.33}},
            "train": {"stage": "train", "per": ["repeat"], "in": "sets.train",
                      "seed": ["compare", "${repeat}"], "with": train},
            "scores": {"stage": "predict", "per": ["repeat"],
                       "in": {"model": "train", "data": "sets.test"}},
        },
        "outputs": {"train_images": "sets.train", "test_images": "sets.test",
                    "scores": "scores"},
    }


def run_ours(build, data, network, row, seeds, folder):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "workflow.json"
    path.write_text(json.dumps(workflow(network, row, seeds)))
    start = time.time()
    subprocess.run([build / "osteon", "run", path, "--bind",
                    f"images={data / row['data']}", "--store", folder / "store",
                    "--out", folder / "out", "--jobs", "1", "--quiet"], check=True)
    taken = time.time() - start
    right = [0] * seeds
    total = [0] * seeds
    with open(folder / "out/scores.csv", newline="") as f:
        for line in csv.DictReader(f):
            seed = int(line["repeat"])
            right[seed] += line["predicted"] == line["label"]
            total[seed] += 1
    return [r / n for r, n in zip(right, total)], taken


def load(folder):
    """Images (N, 1, H, W) as floats, and their labels."""
    with open(folder / "items.csv", newline="") as f:
        rows = list(csv.DictReader(f))
    pictures = [torchvision.io.read_image(str(folder / r["path"])) for r in rows]
    return torch.stack(pictures).float(), [r["label"] for r in rows]


def first_weights(net, network):
    """As the model files and the layers' defaults say."""
    for name, module in net.named_modules():
        kind = (torch.nn.Conv2d, torch.nn.Linear)
        if not isinstance(module, kind):
            continue
        if network == "alexnet_bn":
            torch.nn.init.normal_(module.weight, 0, 0.01)
        elif isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight)
        else:
            bound = 1 / math.sqrt(module.in_features)
            torch.nn.init.uniform_(module.weight, -bound, bound)
        if module.bias is not None:
            torch.nn.init.zeros_(module.bias)


def optimizer_of(net, network, row):
    rate = row["learning_rate"]
    groups = [{"params": list(net.parameters())}]
    if network == "alexnet_bn":  # L2 on the last three convolutions
        convolutions = [m for m in net.modules() if isinstance(m, torch.nn.Conv2d)]
        last = [m.weight for m in convolutions[-3:]]
        rest = [p for p in net.parameters() if all(p is not w for w in last)]
        groups = [{"params": rest}, {"params": last, "weight_decay": 1e-4}]
    if row["optimizer"] == "sgd":
        return torch.optim.SGD(groups, lr=rate, momentum=row["momentum"])
    return torch.optim.Adam(groups, lr=rate)


def batches_of(n, batch, generator):
    """Shuffled; sizes differ by one at most, as ours do."""
    order = torch.randperm(n, generator=generator)
    return torch.tensor_split(order, -(-n // batch))


def train_theirs(network, row, seed, train, test, classes):
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(1000 + seed)
    x, labels = train
    mean, std = x.mean(), x.std(unbiased=False)
    x = (x - mean) / std
    y = torch.tensor([classes.index(label) for label in labels])
    net = row["make"](len(classes))
    first_weights(net, network)
    optimizer = optimizer_of(net, network, row)
    loss = torch.nn.CrossEntropyLoss()
    updates, done = row["epochs"] * -(-len(y) // row["batch"]), 0
    for _ in range(row["epochs"]):
        net.train()
        for index in batches_of(len(y), row["batch"], generator):
            for group in optimizer.param_groups:
                group["lr"] = row["learning_rate"] * 0.5 * (
                    1 + math.cos(math.pi * done / updates))
            optimizer.zero_grad()
            loss(net(x[index]), y[index]).backward()
            optimizer.step()
            done += 1
    net.eval()
    wanted = torch.tensor([classes.index(label) for label in test[1]])
    with torch.no_grad():
        out = torch.cat([net(part) for part in ((test[0] - mean) / std).split(32)])
    return (out.argmax(1) == wanted).double().mean().item()


def run_theirs(network, row, seeds, folder):
    train, test = load(folder / "out/train_images"), load(folder / "out/test_images")
    classes = sorted(set(train[1]))
    start = time.time()
    found = [train_theirs(network, row, seed, train, test, classes)
             for seed in range(seeds)]
    return found, time.time() - start, len(train[1]), len(test[1]), len(classes)


def spread(values):
    return statistics.stdev(values) if len(values) > 1 else 0.0


def compare(args, network):
    row = ROWS[network]
    folder = args.work / network
    ours, our_time = run_ours(args.build, args.data, network, row, args.seeds, folder)
    theirs, their_time, n_train, n_test, classes = run_theirs(
        network, row, args.seeds, folder)
    error = math.sqrt((spread(ours)**2 + spread(theirs)**2) / args.seeds)
    apart = abs(statistics.mean(ours) - statistics.mean(theirs))
    result = {"bench": "compare_training", "network": network, "data": row["data"],
              "size": row["size"], "classes": classes, "train": n_train,
              "test": n_test, "epochs": row["epochs"], "ours": ours,
              "pytorch": theirs, "ours_s": round(our_time, 1),
              "pytorch_s": round(their_time, 1), "torch": torch.__version__,
              "standard_errors_apart": round(apart / error, 2) if error else None}
    print(json.dumps(result), flush=True)
    return result


def table(results):
    def words(values):
        return (f"{statistics.mean(values):.3f} +- {spread(values):.3f} "
                f"({min(values):.3f}-{max(values):.3f})")
    print(f"{'network':12}{'images':24}{'ours':30}{'PyTorch':30}apart")
    for r in results:
        print(f"{r['network']:12}{r['data']:24}{words(r['ours']):30}"
              f"{words(r['pytorch']):30}{r['standard_errors_apart']} s.e.")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--rows", default=",".join(ROWS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--work", type=pathlib.Path, default="compare_training")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    table([compare(args, network) for network in args.rows.split(",")])


if __name__ == "__main__":
    main()
