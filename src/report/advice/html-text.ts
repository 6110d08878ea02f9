const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Characters that HTML cannot hold, or that would turn the direction of what follows. */
// eslint-disable-next-line no-control-regex -- these are the characters to be removed
const REMOVED = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufffe\uffff]|\p{Cs}/gu;

/** Text that is nothing but text, in an element as in an attribute. */
export function escaped(text: string): string {
  return text.replace(REMOVED, '\ufffd').replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
}
