import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {onTestFinished} from 'vitest';
import {CliPlace} from './cli.ts';
import {removeContainers} from './docker.ts';

/** A place of whose containers nothing stays. */
export function dockerPlace(): CliPlace {
	const place = new CliPlace();
	onTestFinished(() => {
		if (existsSync(place.state)) removeContainers(ownerOf(place));
	});
	return place;
}

/** The id of a place's state directory, which its containers carry. */
export function ownerOf(place: CliPlace): string {
	return readFileSync(join(place.state, 'id'), 'utf8').trim();
}
