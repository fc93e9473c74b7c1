"""Train the weights of the bundled sample models.

Needs torch and scikit-learn, which maskctl itself does not need at run time;
make.py rebuilds the models from the stored result with numpy alone.

Data: the 8x8 handwritten digits bundled with scikit-learn, a copy of the test
set of the UCI "Optical Recognition of Handwritten Digits" (E. Alpaydin and
C. Kaynak, 1998, https://doi.org/10.24432/C50P49), licence CC BY 4.0. Changes
made: pixels divided by 16, and the 1797 images split into 1297 for training and
500 held out.

The run is seeded and single threaded. Another torch version or processor may
still round differently and so give slightly different weights.

Output, next to this file:
  digits_trained.npz  float32 weights and biases, "<layer>.weight", "<layer>.bias"
  digits_test.npz     the held-out "image" (500,1,8,8) float32, "labels" uint8
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits  # type: ignore[import-untyped]
from sklearn.model_selection import train_test_split  # type: ignore[import-untyped]
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, leaky_relu, max_pool2d

HERE = Path(__file__).resolve().parent
SEED = 20240607
HELD_OUT = 500
EPOCHS = 120
BATCH = 64
PEAK_RATE = 8e-3
SLOPE = 0.1
# make.py scales conv3 up by 8192: sums below -8 then leave the fp16 range, sums
# up to 8 stay in it.
LOWEST_SUM = -11.0
HIGHEST_SUM = 5.5


class Digits(nn.Module):
    """The sample network; layer names are those of the ncnn model."""

    def __init__(self) -> None:
        """Create the layers with torch's default initialisation."""
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1)
        self.conv3 = nn.Conv2d(8, 8, 3, padding=1)
        self.conv4 = nn.Conv2d(8, 8, 3, padding=1)
        self.fc1 = nn.Linear(128, 32)
        self.fc2 = nn.Linear(32, 10)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits and the sums of conv3 before its activation."""
        x = leaky_relu(self.conv1(image), SLOPE)
        x = leaky_relu(self.conv2(x), SLOPE)
        sums = self.conv3(max_pool2d(x, 2))
        x = leaky_relu(self.conv4(leaky_relu(sums, SLOPE)), SLOPE)
        x = leaky_relu(self.fc1(x.flatten(1)), SLOPE)
        return self.fc2(x), sums


def load_split() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return training images and labels, then held-out images and labels."""
    data = load_digits()
    images = (data.images / 16.0).astype(np.float32)[:, None]
    train_x, test_x, train_y, test_y = train_test_split(
        images, data.target, test_size=HELD_OUT, random_state=SEED, stratify=data.target
    )
    return (
        torch.from_numpy(train_x),
        torch.from_numpy(train_y),
        torch.from_numpy(test_x),
        torch.from_numpy(test_y),
    )


def shifted(images: Tensor, generator: torch.Generator) -> Tensor:
    """Return the images, each moved by a random fraction of a pixel up to one."""
    moves = (torch.rand(len(images), 2, generator=generator) * 2 - 1) * 2 / 8
    theta = torch.eye(2, 3).repeat(len(images), 1, 1)
    theta[:, :, 2] = moves
    grid = nn.functional.affine_grid(theta, list(images.shape), align_corners=False)
    return nn.functional.grid_sample(images, grid, align_corners=False)


def range_penalty(sums: Tensor) -> Tensor:
    """Return how far conv3's sums are, per image, from the range make.py wants."""
    too_high = (sums.amax((1, 2, 3)) - HIGHEST_SUM).relu()
    too_weak = (sums.amin((1, 2, 3)) - LOWEST_SUM).relu()
    return (too_high.square() + too_weak.square()).mean()


def train(images: Tensor, labels: Tensor) -> Digits:
    """Return a network trained on the given images."""
    generator = torch.Generator().manual_seed(SEED)
    net = Digits()
    steps = EPOCHS * -(-len(images) // BATCH)
    optimizer = torch.optim.AdamW(net.parameters(), weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_RATE, total_steps=steps)
    for _ in range(EPOCHS):
        for batch in torch.split(torch.randperm(len(images), generator=generator), BATCH):
            logits, sums = net(shifted(images[batch], generator))
            loss = cross_entropy(logits, labels[batch], label_smoothing=0.05)
            loss = loss + 0.05 * range_penalty(sums)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
    return net


def report(net: Digits, images: Tensor, labels: Tensor) -> str:
    """Return one line on accuracy and on conv3's sums over the given images."""
    with torch.no_grad():
        logits, sums = net(images)
    top1 = (logits.argmax(1) == labels).float().mean().item()
    weakest = sums.amin((1, 2, 3)).max().item()
    return (
        f"top-1 {100 * top1:.2f} %, conv3 sums {sums.min().item():.2f} .. "
        f"{sums.max().item():.2f}, weakest image minimum {weakest:.2f}"
    )


def main() -> None:
    """Train, print the result for both splits and write the two files."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    train_x, train_y, test_x, test_y = load_split()
    net = train(train_x, train_y)
    print("training:", report(net, train_x, train_y))
    print("held out:", report(net, test_x, test_y))
    weights = {name: value.numpy() for name, value in net.state_dict().items()}
    np.savez_compressed(HERE / "digits_trained.npz", **weights)
    np.savez_compressed(
        HERE / "digits_test.npz",
        image=test_x.numpy(),
        labels=test_y.numpy().astype(np.uint8),
    )


if __name__ == "__main__":
    main()
