/**
 * Numbers that must never be mixed up carry a name the compiler checks and the running program never sees.
 * Make them only in a constructor that checks the value (see decimal.ts, time.ts).
 */
declare const brandName: unique symbol;
export type Brand<T, Name extends string> = T & { readonly [brandName]: Name };
