"""Codes: rows as bytes, and back without loss, in about the length that a model's density says."""

from nfscratch.codes.arithmetic import CodeError, Decoder, Encoder
from nfscratch.codes.made_code import decode, encode

__all__ = ["CodeError", "Decoder", "Encoder", "decode", "encode"]
