"""Deconvolutions over one, two and three axes: kernels, strides, cuts, sizes, groups, activations, blobs."""

from __future__ import annotations

from tests.layers.row import Row
from tests.layers.rows.convolution import ACTIVATIONS, blobs, kept, row

DENSE = (
    row("Deconvolution 0=5 1=3 5=1", (3, 4, 5)),
    row("Deconvolution 0=8 1=1 5=1", (4, 5, 6)),
    row("Deconvolution 0=16 1=2 3=2 5=1", (8, 3, 4)),
    row("Deconvolution 0=4 1=4 3=2 4=1 5=1", (12, 5, 4)),
    row("Deconvolution 0=3 1=4 3=4 5=1", (5, 3, 2)),
    row("Deconvolution 0=3 1=2 3=3 5=1", (16, 3, 2)),
    row("Deconvolution 0=1 1=3 11=2 2=2 12=3 3=2 13=1 5=1", (1, 3, 4)),
    row("Deconvolution 0=12 1=3 3=2 18=1 5=1", (4, 3, 4)),
    row("Deconvolution 0=4 1=3 3=2 18=2 19=1 4=1 15=2 14=0 16=3 5=1", (4, 5, 4)),
    row("Deconvolution 0=4 1=3 3=2 4=-233 20=8 21=7 5=1", (3, 4, 4)),
    row("Deconvolution 0=4 1=3 3=2 4=-234 20=8 21=6 5=1", (3, 4, 4)),
    row("Deconvolution 0=4 1=3 3=2 4=-234 15=-233 20=6 5=1", (3, 4, 4)),
    row("Deconvolution 0=4 1=3 3=2 4=-233 20=8 21=0 5=1", (3, 4, 4)),
    row("Deconvolution 0=4 1=3 3=2 4=-233 5=1", (3, 4, 4)),
    row("Deconvolution 0=4 1=3 3=2 4=-7", (3, 4, 4)),
    row("Deconvolution 0=4 1=1 3=3 5=1", (4, 1, 1)),
    row("Deconvolution 0=21 1=8 3=4 4=2", (21, 6, 7)),
    row("Deconvolution1D 0=5 1=3 5=1", (4, 6)),
    row("Deconvolution1D 0=8 1=4 3=2 4=1 18=1 5=1", (16, 5)),
    row("Deconvolution1D 0=3 1=3 2=2 3=3 4=1 15=2", (1, 4)),
    row("Deconvolution1D 0=3 1=4 3=2 4=-233 20=9 5=1", (5, 5)),
    row("Deconvolution1D 0=3 1=4 3=2 4=-234 20=9 5=1", (5, 5)),
    row("Deconvolution3D 0=5 1=3 5=1", (3, 2, 3, 4)),
    row("Deconvolution3D 0=4 1=3 11=2 21=1 2=2 12=1 22=1 3=1 13=2 23=3 5=1", (4, 2, 3, 4)),
    row("Deconvolution3D 0=3 1=3 3=2 18=1 19=0 20=2 4=1 15=0 14=2 16=1 24=0 17=1 5=1", (2, 3, 2, 3)),
    row("Deconvolution3D 0=3 1=2 3=2 4=-233 25=5 26=4 27=3", (4, 2, 3, 3)),
    row("Deconvolution3D 0=3 1=2 3=2 4=-234 25=5 26=4 27=3", (4, 2, 3, 3)),
)
GROUPED = (
    row("DeconvolutionDepthWise 0=8 1=4 3=2 4=1", (8, 4, 5), group=8),
    row("DeconvolutionDepthWise 0=16 1=2 3=2 5=1", (16, 3, 4), group=16),
    row("DeconvolutionDepthWise 0=3 1=3 2=2 5=1", (3, 3, 4), group=3),
    row("DeconvolutionDepthWise 0=5 1=3 3=2 18=1 19=2 5=1", (5, 3, 4), group=5),
    row("DeconvolutionDepthWise 0=4 1=4 3=2 4=-233 20=9 21=8", (4, 4, 4), group=4),
    row("DeconvolutionDepthWise 0=6 1=3 3=2 4=1 5=1", (4, 3, 4), group=2),
    row("DeconvolutionDepthWise 0=16 1=3 5=1", (8, 3, 4), group=2),
    row("DeconvolutionDepthWise 0=8 1=2 5=1", (4, 3, 4), group=4),
    row("DeconvolutionDepthWise 0=5 1=2 5=1", (4, 3, 4), group=1),
    row("DeconvolutionDepthWise1D 0=4 1=3 3=2 4=1 5=1", (4, 5), group=4),
    row("DeconvolutionDepthWise1D 0=6 1=4 3=2 18=1 4=-234 20=8 5=1", (4, 4), group=2),
    row("DeconvolutionDepthWise3D 0=3 1=3 3=2 4=1 5=1", (3, 3, 2, 3), group=3),
    row("DeconvolutionDepthWise3D 0=6 1=2 3=2 18=1 5=1", (4, 2, 3, 2), group=2),
    row("DeconvolutionDepthWise3D 0=4 1=3 11=1 21=2 2=2 5=1 9=1", (4, 2, 1, 5), group=4),
)
ACTIVATED = (
    *(row(f"Deconvolution 0=4 1=3 3=2 4=1 5=1 {words}", (4, 3, 4), profiles=kept(words)) for words in ACTIVATIONS),
    *(row(f"Deconvolution1D 0=3 1=3 3=2 5=1 {words}", (3, 4), profiles=kept(words)) for words in ACTIVATIONS[:3]),
    *(row(f"Deconvolution3D 0=2 1=2 5=1 {words}", (2, 3, 2, 2), profiles=kept(words)) for words in ACTIVATIONS[:3]),
    *(
        row(f"DeconvolutionDepthWise 0=8 1=2 3=2 5=1 {words}", (8, 3, 3), group=8, profiles=kept(words))
        for words in ACTIVATIONS
    ),
)
BLOBS = (
    blobs("Deconvolution 5=1 28=1", (4, 3, 4), (4, 5, 3, 3), outputs=5),
    blobs("Deconvolution 3=2 4=1 28=1 9=1", (8, 3, 4), (8, 16, 4, 2), outputs=16),
    blobs("Deconvolution 3=2 4=-233 20=7 28=1", (3, 4, 4), (3, 1, 3, 3), outputs=1),
    blobs("DeconvolutionDepthWise 5=1 3=2 7=8 28=1", (8, 3, 4), (8, 1, 2, 2), outputs=8),
    blobs("DeconvolutionDepthWise 5=1 3=2 7=2 28=1", (4, 3, 4), (4, 3, 2, 2), outputs=6),
    blobs("Deconvolution1D 5=1 3=2 28=1", (4, 5), (4, 3, 3), outputs=3),
    blobs("DeconvolutionDepthWise1D 5=1 7=2 28=1", (4, 5), (4, 3, 3), outputs=6),
)
UNDEFINED = (
    row("Deconvolution 0=4 1=3 3=2 20=8 21=7", (3, 4, 4), refused="it gives an empty blob"),
    row("Deconvolution 0=4 1=3 3=2 4=-233 20=20", (3, 4, 4), refused="it reads beside its output"),
    row("Deconvolution 0=4 1=3 3=2 4=9", (3, 4, 4), refused="it gives an empty blob"),
    row("Deconvolution 0=4 1=3 3=2 18=-1", (3, 4, 4), refused="it writes beside its output"),
    row("Deconvolution 0=4 1=3 3=2 4=1 15=-233", (3, 4, 4), refused="it cuts less than nothing"),
)

ROWS: tuple[Row, ...] = (*DENSE, *GROUPED, *ACTIVATED, *BLOBS, *UNDEFINED)
