import { receiveQuotes } from './plain-way.ts';

receiveQuotes();
