import { z } from 'zod';

// Before any schema is made: zod otherwise tries `new Function`, which the content policy refuses and reports.
z.config({ jitless: true });
