"""Linear layers x = A z + b, by how A is made, and the 1x1 convolution, which applies one to every pixel."""

from nfscratch.bijections.linear.affine_map import Linear
from nfscratch.bijections.linear.conv1x1 import Conv1x1
from nfscratch.bijections.linear.diagonal import Diagonal
from nfscratch.bijections.linear.householder import Householder
from nfscratch.bijections.linear.plu import PLU
from nfscratch.bijections.linear.qr import QR
from nfscratch.bijections.linear.triangular import Triangular

__all__ = ["PLU", "QR", "Conv1x1", "Diagonal", "Householder", "Linear", "Triangular"]
