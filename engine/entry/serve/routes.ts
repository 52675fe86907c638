import { EXPLAIN_ROUTES } from './explain-routes.ts';
import { JOB_ROUTES } from './job-routes.ts';
import { POSITION_ROUTES } from './position-routes.ts';
import type { Route } from './route.ts';
import { STATE_ROUTES } from './state-routes.ts';

/** In the order of the description. `/v1/openapi.json` is added by whoever serves them. */
export const ROUTES: readonly Route[] = [...JOB_ROUTES, ...POSITION_ROUTES, ...STATE_ROUTES, ...EXPLAIN_ROUTES];
