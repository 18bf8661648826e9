import type {Snapshot} from '../data/snapshot.ts';
import type {CommandLayer, Layer} from '../layer.ts';
import type {Size} from '../picture/layout.ts';
import type {Palette} from '../picture/palette.ts';
import {detailRows} from './detail-rows.ts';
import {formRows} from './form-rows.ts';
import {pickerRows} from './picker.ts';

type LayerScene = {readonly snapshot: Snapshot; readonly palette: Palette; readonly size: Size};

/** What lies over the panes, in their place. */
export function layerRows(layer: Exclude<Layer, CommandLayer>, {snapshot, palette, size}: LayerScene, height: number): string[] {
	const width = size.columns;
	switch (layer.kind) {
		case 'detail':
			return detailRows({layer, view: snapshot.detail, now: snapshot.now, palette}, width, height);
		case 'picker':
			return pickerRows(layer, width, height, palette);
		case 'form':
			return formRows(layer, width, height, palette);
	}
}
