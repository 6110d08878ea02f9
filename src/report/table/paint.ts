import { styleText } from 'node:util';
import type { Verdict } from '../../model/verdict.js';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** Colours a text that is already safe to print; without colour it stays as it is. */
export type Paint = (text: string, ...styles: readonly Style[]) => string;

/** The stream is not asked: whether there is colour was decided by the caller. */
export function painter(color: boolean): Paint {
  if (!color) return (text) => text;
  return (text, ...styles) => styles.reduce((out, style) => styleText(style, out, { validateStream: false }), text);
}

export function verdictStyle(verdict: Verdict): Style {
  return verdict === 'pass' ? 'green' : verdict === 'inconclusive' ? 'yellow' : 'red';
}

/** ✓ pass, ✗ fail, ? inconclusive, ! error. */
export function verdictMark(verdict: Verdict): string {
  return { pass: '✓', fail: '✗', inconclusive: '?', error: '!' }[verdict];
}
