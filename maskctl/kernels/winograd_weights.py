"""How the released arm64 build transforms 3x3 kernels for winograd: operation by operation, in float32.

The compiler merged both passes of the transform into one straight line and reordered its sums, so that the order of
operations differs from element to element; another order changes one transformed weight in 8,000 by one fp16 ulp.
k0 to k8 are the weights row by row. `fma(c,a,b)` is c + a*b, `fms` c - a*b, `fnms` a*b - c, each rounded once; s2 is
the float32 nearest to the square root of 2.

Source: the arm64 wheel 1.0.20261020; ncnn `src/layer/arm/convolution_3x3_winograd_fp16s.h` has the formulas.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from maskctl.numeric.formats import FloatArray, round_to


@dataclass(frozen=True)
class KernelProgram:
    """A straight line of operations, and its results by column frequency (outer), row frequency (inner)."""

    operations: str
    results: str

    def transform(self, weight: FloatArray) -> FloatArray:
        """The kernels (m, c, 3, 3) in fp16 as (row frequency, column frequency, m, c)."""
        return round_to(self.in_float32(weight), "fp16")

    def in_float32(self, weight: FloatArray) -> FloatArray:
        """As `transform`, before the rounding."""
        taps = np.ascontiguousarray(weight.reshape(*weight.shape[:2], 9).transpose(2, 0, 1), np.float32)
        values: dict[str, FloatArray] = {f"k{tap}": taps[tap] for tap in range(9)}
        for line in self.operations.split(";"):
            name, _, call = line.strip().partition("=")
            function, _, operands = call.rstrip(")").partition("(")
            values[name] = _OPERATIONS[function](*(_operand(text, values) for text in operands.split(",")))
        names = self.results.split()
        size = int(len(names) ** 0.5)
        by_column = np.stack([values[name] for name in names]).reshape(size, size, *weight.shape[:2])
        return by_column.swapaxes(0, 1)


def _operand(text: str, values: Mapping[str, FloatArray]) -> FloatArray:
    return values[text] if text in values else np.asarray(_constant(text))


def _constant(text: str) -> np.float32:
    numerator, _, denominator = text.partition("/")
    above = np.float32(1.41421356237) if numerator == "s2" else np.float32(numerator)
    return above / np.float32(denominator)


def _fused(addend: FloatArray, left: FloatArray, right: FloatArray) -> FloatArray:
    """addend + left*right with an exact product; float64 holds it, and its own rounding is far below float32's."""
    return np.asarray(addend + left.astype(np.float64) * right, np.float32)


_OPERATIONS: Mapping[str, Callable[..., FloatArray]] = {
    "add": lambda left, right: left + right,
    "sub": lambda left, right: left - right,
    "mul": lambda left, right: left * right,
    "neg": lambda value: -value,
    "fma": _fused,
    "fms": lambda addend, left, right: _fused(addend, -left, right),
    "fnms": lambda addend, left, right: _fused(-addend, left, right),
}

F63 = KernelProgram(
    """
    t0=mul(k3,1/90); t1=mul(k3,1/45); t2=fma(t1,k5,1/180); t3=fma(t0,k5,2/45); t4=add(k3,k5); t5=mul(k8,2/45);
    t6=mul(k8,1/180); t7=mul(k1,1/90); t8=mul(k1,1/45); t9=sub(k4,t4); t10=fma(t6,k6,1/45); t11=fma(t5,k6,1/90);
    t12=fma(t0,k4,1/45); t13=sub(t8,t3); t14=sub(t7,t2); t15=mul(t9,2/9); t16=mul(k2,2/45); t17=fms(t3,k4,1/45);
    t18=fms(t2,k4,1/90); t19=fma(t1,k4,1/90); t20=mul(k7,1/45); t21=fma(t8,k0,1/90); t22=fma(t5,k2,1/90);
    t23=fma(t20,k6,1/90); t24=mul(k2,1/180); t25=sub(t13,t11); t26=sub(t14,t10); t27=fma(t25,k4,1/45);
    t28=fma(t26,k4,1/90); t29=add(k3,k4); t30=mul(k7,1/90); t31=neg(k0); t32=sub(t11,t20); t33=add(t21,t16);
    t34=add(t23,t5); t35=add(t20,t27); t36=add(t30,t28); t37=fms(t36,k0,1/45); t38=fma(t7,k0,1/45);
    t39=fma(t19,k5,1/180); t40=fma(t16,k0,1/90); t41=fms(t35,k0,1/90); t42=sub(t37,t24); t43=add(t38,t24);
    t44=sub(t40,t8); t45=sub(t41,t16); t46=fma(t12,k5,2/45); t47=fma(t30,k6,1/45); t48=sub(t10,t30);
    t49=mul(t42,2/9); t50=mul(t45,2/9); t51=mul(t17,1/45); t52=fma(t51,t44,1/90); t53=add(t47,t6);
    t54=fma(t6,k2,1/45); t55=add(t29,k5); t56=fma(t24,k0,1/45); t57=add(k0,k2); t58=mul(t32,2/45);
    t59=mul(t55,-2/9); t60=sub(t31,k1); t61=sub(t31,k3); t62=sub(k1,t57); t63=add(k6,k7); t64=add(t52,t58);
    t65=fma(t58,t44,1/90); t66=sub(t56,t7); t67=sub(t61,k6); t68=add(k6,k8); t69=mul(t17,1/90); t70=add(t63,k8);
    t71=mul(t62,2/9); t72=sub(t60,k2); t73=mul(t67,2/9); t74=sub(k7,t68); t75=mul(t59,1/45); t76=mul(t72,2/9);
    t77=mul(t74,2/9); t78=mul(t32,1/180); t79=sub(t65,t51); t80=fma(t69,t44,1/45); t81=mul(t15,1/45);
    t82=mul(t70,-2/9); t83=mul(t18,1/45); t84=add(t80,t78); t85=fma(t78,t44,1/45); t86=mul(t46,1/45);
    t87=mul(t39,1/45); t88=sub(t85,t69); t89=add(t44,t32); t90=add(t66,t48); t91=fma(t83,t66,1/90);
    t92=sub(t17,t89); t93=sub(t18,t90); t94=mul(t18,1/90); t95=mul(t92,2/9); t96=mul(t93,2/9);
    t97=fma(t1,k0,1/90); t98=add(k0,k6); t99=sub(k3,t98); t100=add(t76,t59); t101=mul(t99,2/9);
    t102=add(t100,t82); t103=mul(t48,2/45); t104=mul(t102,-2/9); t105=fma(t81,t71,1/90); t106=add(t76,t82);
    t107=add(t91,t103); t108=fma(t94,t66,1/45); t109=sub(t59,t106); t110=mul(t59,1/90); t111=fma(t103,t66,1/90);
    t112=fma(t86,t33,1/90); t113=mul(t109,2/9); t114=sub(t111,t83); t115=add(t71,t77); t116=mul(t48,1/180);
    t117=add(t71,t15); t118=add(t108,t116); t119=fma(t116,t66,1/45); t120=add(t117,t77); t121=mul(t120,-2/9);
    t122=sub(t15,t115); t123=mul(t15,1/90); t124=sub(t119,t94); t125=mul(t122,2/9); t126=add(t33,t34);
    t127=add(t33,t46); t128=add(t127,t34); t129=sub(t46,t126); t130=mul(t46,1/90); t131=mul(t128,-2/9);
    t132=mul(t129,2/9); t133=fma(t87,t43,1/90); t134=add(t43,t39); t135=add(t43,t53); t136=add(t134,t53);
    t137=mul(k6,2/45); t138=sub(t39,t135); t139=mul(t136,-2/9); t140=add(t137,t97); t141=fma(t137,k0,1/90);
    t142=mul(t138,2/9); t143=mul(t39,1/90); t144=add(k2,k8); t145=sub(t141,t1); t146=fma(t0,k0,1/45);
    t147=mul(k6,1/180); t148=add(k2,k5); t149=add(t146,t147); t150=fma(t147,k0,1/45); t151=add(t148,k8);
    t152=mul(t151,-2/9); t153=sub(t150,t0); t154=fma(t143,t43,1/45); t155=mul(t82,2/45); t156=fma(t75,t76,1/90);
    t157=sub(k5,t144); t158=mul(t77,2/45); t159=add(t156,t155); t160=fma(t155,t76,1/90); t161=fma(t110,t76,1/45);
    t162=mul(t157,2/9); t163=add(t105,t158); t164=fma(t158,t71,1/90); t165=sub(t160,t75); t166=mul(t82,1/180);
    t167=mul(t34,2/45); t168=mul(t53,2/45); t169=add(t161,t166); t170=fma(t166,t76,1/45); t171=sub(t164,t81);
    t172=add(t112,t167); t173=fma(t167,t33,1/90); t174=add(t133,t168); t175=fma(t168,t43,1/90);
    t176=fma(t123,t71,1/45); t177=fma(t130,t33,1/45); t178=sub(t173,t86); t179=sub(t170,t110);
    t180=sub(t175,t87); t181=fma(t22,k5,1/45); t182=fms(t22,k5,1/45); t183=mul(t34,1/180); t184=mul(t53,1/180);
    t185=fma(t183,t33,1/45); t186=mul(t77,1/180); t187=add(t154,t184); t188=fma(t184,t43,1/45);
    t189=add(t177,t183); t190=add(t176,t186); t191=fma(t186,t71,1/45); t192=sub(t188,t143); t193=sub(t185,t130);
    t194=sub(t191,t123); t195=fma(t54,k5,1/90); t196=fms(t54,k5,1/90)
    """,
    """
    k0 t73 t101 t140 t145 t149 t153 k6
    t76 t104 t113 t159 t165 t169 t179 t82
    t71 t121 t125 t163 t171 t190 t194 t77
    t33 t131 t132 t172 t178 t189 t193 t34
    t44 t50 t95 t64 t79 t84 t88 t32
    t43 t139 t142 t174 t180 t187 t192 t53
    t66 t49 t96 t107 t114 t118 t124 t48
    k2 t152 t162 t181 t182 t195 t196 k8
    """,
)

F43 = KernelProgram(
    """
    t0=mul(k1,s2/3); t1=fma(t0,k0,-2/3); t2=fma(t0,k2,1/3); t3=mul(k0,1/6); t4=mul(k7,s2/3); t5=mul(k3,1/6);
    t6=fma(t4,k8,1/3); t7=mul(k6,1/6); t8=fnms(t2,k0,-2/3); t9=fms(t1,k2,1/3); t10=fma(t3,k2,1/3);
    t11=fnms(t6,k6,-2/3); t12=fma(t7,k8,1/3); t13=mul(k4,s2/3); t14=fma(t5,k5,1/3); t15=fma(t13,k5,1/3);
    t16=fms(t2,k0,-2/3); t17=fnms(t1,k2,1/3); t18=fma(t3,k6,1/3); t19=fma(t12,k7,s2/6); t20=fms(t12,k7,s2/6);
    t21=fma(t14,k4,s2/6); t22=fms(t10,k1,s2/6); t23=fnms(t15,k3,-2/3); t24=fms(t14,k4,s2/6);
    t25=fnms(t10,k1,s2/6); t26=fma(t10,k1,s2/6); t27=mul(t8,1/6); t28=mul(k3,s2/3); t29=fma(t27,t11,1/3);
    t30=fma(t4,k6,-2/3); t31=mul(t9,1/6); t32=fma(t13,k3,-2/3); t33=mul(t21,s2/3); t34=mul(t20,1/3);
    t35=mul(t23,s2/3); t36=fms(t30,k8,1/3); t37=mul(t24,s2/3); t38=fms(t32,k5,1/3); t39=fma(t28,k0,-2/3);
    t40=fma(t28,k6,1/3); t41=fms(t18,k3,s2/6); t42=fma(t35,t16,2/3); t43=fma(t18,k3,s2/6); t44=fma(t35,t11,1/3);
    t45=fma(t34,t22,1/6); t46=fnms(t40,k0,-2/3); t47=fms(t39,k6,1/3); t48=fma(t31,t36,1/3); t49=fms(t42,t11,1/3);
    t50=fnms(t44,t16,2/3); t51=mul(t38,s2/3); t52=fma(t33,t19,1/3); t53=fma(t33,t26,-2/3); t54=mul(k2,1/6);
    t55=fnms(t37,t25,2/3); t56=fnms(t34,t25,2/3); t57=fnms(t52,t26,-2/3); t58=mul(t26,1/6); t59=fms(t53,t19,1/3);
    t60=fma(t54,k8,1/3); t61=fma(t58,t19,1/3); t62=add(t56,t37); t63=sub(t55,t34); t64=fms(t29,t23,s2/6);
    t65=fma(t29,t23,s2/6); t66=mul(k5,s2/3); t67=fma(t51,t36,1/3); t68=fma(t51,t17,2/3); t69=fnms(t67,t17,2/3);
    t70=fms(t68,t36,1/3); t71=fms(t48,t38,s2/6); t72=fma(t48,t38,s2/6); t73=fma(t45,t24,s2/6);
    t74=fms(t45,t24,s2/6); t75=fma(t66,k2,-2/3); t76=fma(t66,k8,1/3); t77=fma(t61,t21,s2/6);
    t78=fms(t61,t21,s2/6); t79=fms(t75,k8,1/3); t80=fma(t60,k5,s2/6); t81=fnms(t76,k2,-2/3);
    t82=fms(t60,k5,s2/6)
    """,
    """
    k0 t46 t47 t43 t41 k6
    t8 t50 t49 t65 t64 t11
    t9 t69 t70 t72 t71 t36
    t26 t57 t59 t77 t78 t19
    t22 t63 t62 t73 t74 t20
    k2 t81 t79 t80 t82 k8
    """,
)
