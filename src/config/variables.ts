/**
 * `${NAME}` and `${NAME:-default}` in the values of a configuration; `$${` stands for a plain `${`.
 *
 * YAML would read the braces of an unquoted `${NAME}` inside `{ ... }` as structure. So before parsing, each placeholder is
 * masked character by character with private-use characters (same length: lines and columns stay true) and unmasked in the scalars.
 */
const MASK = 0xe000;
const PLACEHOLDER = /\$?\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}\n\r]*)?\}/g;
const MASKED = /[\uE000-\uE07F]/g;

/** Hides placeholders from the YAML parser. A text that itself holds such private-use characters is left alone. */
export function mask(text: string): string {
  if (text.search(MASKED) >= 0) return text;
  return text.replace(PLACEHOLDER, (placeholder) =>
    placeholder.replace(/[ -~]/g, (char) => String.fromCharCode(MASK + char.charCodeAt(0))),
  );
}

/** Undoes `mask`. */
export function unmask(text: string): string {
  return text.replace(MASKED, (char) => String.fromCharCode(char.charCodeAt(0) - MASK));
}

export interface Substitution {
  readonly text: string;
  /** True when the value of a variable, or a default, was put in. */
  readonly substituted: boolean;
  /** Variables without value and default. */
  readonly unset: readonly string[];
  /** Placeholders that cannot be read, each with the reason. */
  readonly malformed: readonly string[];
}

/** Puts the variables' values in. As in a shell, `:-` also applies where the variable is set but empty. */
export function substitute(text: string, env: NodeJS.ProcessEnv): Substitution {
  const unset: string[] = [];
  const malformed: string[] = [];
  let substituted = false;
  const out = text.replace(/\$\$\{|\$\{([^}\n\r]*)(\}?)/g, (whole: string, body: string | undefined, end: string) => {
    if (body === undefined) return '${';
    if (end === '') {
      malformed.push(`"${whole.slice(0, 30)}" is not closed with "}"; write "$\${" for a plain "\${"`);
      return whole;
    }
    const parts = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/.exec(body);
    const name = parts?.[1];
    if (name === undefined) {
      malformed.push(`"${whole}" is not \${NAME} or \${NAME:-default}; write "$\${" for a plain "\${"`);
      return whole;
    }
    substituted = true;
    const fallback = parts?.[2];
    const value = env[name];
    if (value !== undefined && (value !== '' || fallback === undefined)) return value;
    if (fallback === undefined) unset.push(name);
    return fallback ?? '';
  });
  return { text: out, substituted, unset, malformed };
}
