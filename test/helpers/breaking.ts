import {ByoaiError} from '../../source/model/error.ts';

/** `before`: the call fails and does nothing. `after`: it is done, and then fails all the same. */
export type Breakage = {readonly method: string; readonly call: number; readonly when: 'before' | 'after'};

/** An object like `target`, of which one call of one method fails. */
export function breaking<Target extends object>(target: Target, {method, call, when}: Breakage): Target {
	let calls = 0;
	return intercepting(target, method, perform => {
		const fails = ++calls === call;
		if (fails && when === 'before') return failing();
		const result = perform();
		if (!fails) return result;
		if (!(result instanceof Promise)) return failing();
		return result.then(() => Promise.reject(broken()));
	});

	/** Stores throw, drivers and logs reject; an awaited throw is a rejection too. */
	function failing(): never {
		throw broken();
	}

	function broken(): ByoaiError {
		return new ByoaiError('unavailable', `${method} is broken on purpose (call ${call}, ${when})`);
	}
}

/** An object like `target` that tells each call of one method which did not fail. */
export function overheard<Target extends object>(target: Target, method: string, heard: (values: readonly unknown[]) => void): Target {
	return intercepting(target, method, (perform, values) => {
		const result = perform();
		heard(values);
		return result;
	});
}

/** An object like `target`, with `around` in the place of one method; `perform` is the call as it was meant. */
function intercepting<Target extends object>(
	target: Target,
	method: string,
	around: (perform: () => unknown, values: readonly unknown[]) => unknown,
): Target {
	return new Proxy(target, {
		get(object, key) {
			const value: unknown = Reflect.get(object, key);
			if (typeof value !== 'function') return value;
			if (key !== method) return value.bind(object);
			return (...values: unknown[]) => around(() => value.apply(object, values), values);
		},
	});
}
