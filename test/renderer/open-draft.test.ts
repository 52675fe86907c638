import { expect, test } from 'vitest';
import { fileOfPath, makeOpenDraftStore } from '../../renderer/stores/open-draft-store.ts';

const remembered = {
  recent: [],
  recentPositions: [],
  positionsFile: fileOfPath('old.csv'),
  feedUrl: 'ws://127.0.0.1:1/',
};

test('what was remembered fills what nobody has touched', () => {
  const draft = makeOpenDraftStore();

  draft.remember(remembered);

  expect(draft.getState()).toMatchObject({ feedUrl: 'ws://127.0.0.1:1/', positionsFile: { name: 'old.csv' } });
});

test('what was typed and chosen before the memory had answered stays', () => {
  const draft = makeOpenDraftStore();
  draft.set({ feedUrl: 'wss://typed/', positionsFile: fileOfPath('new.csv') });

  draft.remember(remembered);

  expect(draft.getState()).toMatchObject({ feedUrl: 'wss://typed/', positionsFile: { name: 'new.csv' } });
});
