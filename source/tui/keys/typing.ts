import {textOf} from './keys.ts';

/** What a key makes of text that is being typed; undefined: it is no key for typing. */
export function typed(text: string, key: string): string | undefined {
	const more = textOf(key);
	if (more !== undefined) return text + more;
	switch (key) {
		case 'backspace':
			return Array.from(text).slice(0, -1).join('');
		case 'ctrl+u':
			return '';
		case 'ctrl+w':
			return text.replace(/\S*\s*$/, '');
		default:
			return undefined;
	}
}
