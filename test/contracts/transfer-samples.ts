/** Values of a type of PostgreSQL, none equal to another, with the same values as DuckDB writes them. */
export interface TransferSamples {
  readonly postgres: string;
  readonly duckdb: string;
  /** `[in PostgreSQL, in DuckDB]`: literals without quotes, or SQL where it begins with `=`. One text stands for both. */
  readonly values: readonly (string | readonly [string, string])[];
}

const BIG = '170141183460469231731687303715884105727';

export const TRANSFER_SAMPLES: readonly TransferSamples[] = [
  { postgres: 'smallint', duckdb: 'SMALLINT', values: ['-32768', '-1', '0', '32767'] },
  { postgres: 'integer', duckdb: 'INTEGER', values: ['-2147483648', '0', '2147483647'] },
  {
    postgres: 'bigint',
    duckdb: 'BIGINT',
    values: ['-9223372036854775808', '9007199254740992', '9007199254740993', '9223372036854775807'],
  },
  { postgres: 'bigint', duckdb: 'HUGEINT', values: ['-9223372036854775808', '0', '9223372036854775807'] },
  { postgres: 'numeric', duckdb: 'HUGEINT', values: [`-${BIG}`, '0', '18446744073709551616', BIG] },
  {
    postgres: 'numeric(10,2)',
    duckdb: 'DECIMAL(10,2)',
    values: ['-99999999.99', '-0.01', '0', '0.01', '100', '12.50'],
  },
  {
    postgres: 'numeric(10,2)',
    duckdb: 'DECIMAL(14,4)',
    values: ['-99999999.99', '-0.01', '0', '0.01', '100', '12.50'],
  },
  {
    postgres: 'numeric(38,10)',
    duckdb: 'DECIMAL(38,10)',
    values: ['9999999999999999999999999999.9999999999', '0', '-1'],
  },
  { postgres: 'numeric', duckdb: 'DECIMAL(18,6)', values: ['1.000001', '1', '-1.5', '100', '0.000001', '0'] },
  // NaN, which no DECIMAL holds, makes the whole column one of texts.
  { postgres: 'numeric(10,2)', duckdb: 'DOUBLE', values: ['NaN', '0', '1', '-2.5', '100'] },
  {
    postgres: 'numeric',
    duckdb: 'DOUBLE',
    values: ['NaN', 'Infinity', '-Infinity', '0.1', '0', '-7', '100000000000000000000', '0.00001'],
  },
  {
    postgres: 'numeric(45,2)',
    duckdb: 'DECIMAL(38,2)',
    values: ['999999999999999999999999999999999999.99', '0', '-1.10'],
  },
  { postgres: 'numeric(3,5)', duckdb: 'DECIMAL(10,5)', values: ['0.00123', '0', '-0.00999'] },
  { postgres: 'numeric(5,-2)', duckdb: 'INTEGER', values: ['1200', '0', '-9999900'] },
  {
    postgres: 'double precision',
    duckdb: 'DOUBLE',
    values: [
      ...['0', '0.1', '0.3', '0.30000000000000004', '1e300', '5e-324', '1.7976931348623157e308', '1e23', '-2.5'],
      ...['NaN', 'Infinity', '-Infinity', '123456789012345680', '0.00001', '9007199254740993'],
    ],
  },
  { postgres: 'real', duckdb: 'FLOAT', values: ['0', '0.1', '3.4028235e38', '1e-45', '16777217', 'NaN', '-Infinity'] },
  { postgres: 'real', duckdb: 'DOUBLE', values: [['0.1', '=CAST(0.1 AS FLOAT)'], '0.5', 'NaN', 'Infinity'] },
  { postgres: 'boolean', duckdb: 'BOOLEAN', values: ['true', 'false'] },
  {
    postgres: 'text',
    duckdb: 'VARCHAR',
    values: [
      ...[
        '',
        ' ',
        'a',
        'a ',
        'A',
        ' a',
        'NULL',
        'null',
        'é',
        '😀',
        '\ufeff',
        '\ufeffa',
        '\uffff',
        "it''s",
        'x,y',
        '"',
        '""',
        '"a',
      ],
      ...[
        '\\',
        '\\\\',
        '\\N',
        '\\\\N',
        '\\n',
        '\\\\n',
        '\\t',
        '\\.',
        '#',
        '-',
        'ß',
        'ss',
        '\u2028',
        '\u0085',
        '\u00a0',
      ],
      ...['= chr(10)', '= chr(13)', '= chr(9)', '= chr(8)', '= chr(11)', '= chr(12)', '= chr(1)', '= chr(127)'],
      ...["= 'a' || chr(13) || chr(10) || 'b'", "= '\\' || chr(10)", "= chr(10) || '\\'"],
      ...["= repeat('x', 70000)", "= repeat('\\', 3000)", '= repeat(chr(10), 300000)'],
    ],
  },
  { postgres: 'varchar(20)', duckdb: 'VARCHAR', values: ['', 'a', 'a '] },
  {
    postgres: 'char(3)',
    duckdb: 'VARCHAR',
    values: [
      ['a', 'a'],
      ['', ''],
      ['abc', 'abc'],
      [' b', ' b'],
    ],
  },
  { postgres: '"char"', duckdb: 'VARCHAR', values: ['a', 'b'] },
  { postgres: 'name', duckdb: 'VARCHAR', values: ['a', 'b c'] },
  { postgres: 'mood', duckdb: 'VARCHAR', values: ['happy', 'very sad'] },
  { postgres: 'positive', duckdb: 'INTEGER', values: ['1', '2147483647'] },
  { postgres: 'share', duckdb: 'DECIMAL(10,3)', values: ['0.125', '1'] },
  { postgres: 'weight', duckdb: 'DOUBLE', values: [['0.1', '=CAST(0.1 AS FLOAT)'], '2'] },
  {
    postgres: 'date',
    duckdb: 'DATE',
    values: [
      ...[
        '0001-01-01',
        '1582-10-10',
        '1969-12-31',
        '1970-01-01',
        '2024-02-29',
        '9999-12-31',
        '12345-06-07',
        '5874897-12-31',
      ],
      ...['infinity', '-infinity'],
      ['0044-03-15 BC', '0044-03-15 (BC)'],
      '0044-03-15',
      ['4713-11-24 BC', '4713-11-24 (BC)'],
    ],
  },
  {
    postgres: 'timestamp',
    duckdb: 'TIMESTAMP',
    values: [
      ...['0001-01-01 00:00:00', '1969-12-31 23:59:59.999999', '2024-01-01 00:00:00.5', '2024-01-01 00:00:00.500001'],
      ...[
        '9999-12-31 23:59:59.999999',
        '12345-06-07 08:09:10',
        '294246-12-31 23:59:59.999999',
        'infinity',
        '-infinity',
      ],
      ['0044-03-15 01:02:03.000004 BC', '0044-03-15 (BC) 01:02:03.000004'],
      '0044-03-15 01:02:03.000004',
      ['4713-11-24 00:00:00 BC', '4713-11-24 (BC) 00:00:00'],
    ],
  },
  {
    postgres: 'timestamptz',
    duckdb: 'TIMESTAMPTZ',
    values: [
      ...[
        '2024-01-01 00:00:00+00',
        '2024-03-31 01:30:00+02',
        '2024-03-31 01:30:00.000001+00',
        '1890-01-01 00:00:00+00',
      ],
      ...['9999-12-31 23:59:59.999999+00', '12345-06-07 08:09:10+00', 'infinity', '-infinity'],
      ['0044-03-15 01:02:03+00 BC', '0044-03-15 (BC) 01:02:03+00'],
      '0044-03-15 01:02:03+00',
    ],
  },
  { postgres: 'time', duckdb: 'TIME', values: ['00:00:00', '23:59:59.999999', '24:00:00', '10:00:00.5'] },
  {
    postgres: 'timetz',
    duckdb: 'TIMETZ',
    values: ['00:00:00+00', '23:59:59.999999+05:30', '10:00:00-15:59', '10:00:00+01', '09:00:00+00'],
  },
  {
    postgres: 'interval',
    duckdb: 'INTERVAL',
    values: [
      ...['1 month', '30 days', '29 days', '720 hours', '00:00:00', '-1 month', '14 months 3 days 04:05:06.789'],
      ['-1 month +2 days -00:00:01.5', "=INTERVAL '-1 month' + INTERVAL '2 days' - INTERVAL '1.5 seconds'"],
      ['178000000 years', '178000000 years'],
      ['1 microsecond', '1 microsecond'],
      ['2562047788 hours', '=to_microseconds(9223372036800000000)'],
    ],
  },
  {
    postgres: 'uuid',
    duckdb: 'UUID',
    values: ['00000000-0000-0000-0000-000000000000', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'],
  },
  {
    postgres: 'json',
    duckdb: 'JSON',
    values: ['{"a":1}', '{"a":2}', '9007199254740993', '9007199254740992', 'null', '"\\\\n"', '"é"'],
  },
  { postgres: 'jsonb', duckdb: 'JSON', values: ['1', '[]', '"a\\"b"', 'null', '"\\\\"'] },
  {
    postgres: 'bytea',
    duckdb: 'BLOB',
    values: [
      ['', ''],
      ['\\x00', '\\x00'],
      ['\\x0000', '\\x00\\x00'],
      ['\\xff0a5c09', '\\xFF\\x0A\\x5C\\x09'],
      ['\\x61', 'a'],
    ],
  },
  {
    postgres: 'text[]',
    duckdb: 'VARCHAR[]',
    values: [
      ['{}', '=[]'],
      ['{NULL}', '=[NULL]'],
      ['{"NULL"}', "=['NULL']"],
      ['{a,b}', "=['a', 'b']"],
      ['{"a,b"}', "=['a,b']"],
      ['{b,a}', "=['b', 'a']"],
      ['{""}', "=['']"],
      ['{"\\\\"}', "=['\\']"],
      ['{"\\""}', `=['"']`],
      ["= ARRAY[chr(10), chr(9), '😀', chr(1)]", "=[chr(10), chr(9), '😀', chr(1)]"],
      [`{"[\\"a\\"]"}`, `=['["a"]']`],
      [`{"{}"}`, `=['{}']`],
    ],
  },
  {
    postgres: 'bigint[]',
    duckdb: 'BIGINT[]',
    values: [
      ['{1,2}', '=[1, 2]'],
      ['{2,1}', '=[2, 1]'],
      ['{}', '=[]'],
      ['{NULL}', '=[NULL]'],
      ['{9223372036854775807}', '=[9223372036854775807]'],
    ],
  },
  {
    postgres: 'numeric(10,1)[]',
    duckdb: 'DECIMAL(10,1)[]',
    values: [
      ['{1.5}', '=[1.5]'],
      ['{1.0,1.5}', '=[1.0, 1.5]'],
    ],
  },
  {
    postgres: 'double precision[]',
    duckdb: 'DOUBLE[]',
    values: [
      ['{0.1}', '=[0.1]'],
      ['{NaN,1e300}', "=['NaN'::DOUBLE, 1e300]"],
    ],
  },
  {
    postgres: 'boolean[]',
    duckdb: 'BOOLEAN[]',
    values: [
      ['{t,f}', '=[true, false]'],
      ['{f,NULL}', '=[false, NULL]'],
    ],
  },
  {
    postgres: 'timestamptz[]',
    duckdb: 'TIMESTAMPTZ[]',
    values: [
      ['{2024-01-01 00:00:00+00}', "=['2024-01-01 00:00:00+00'::TIMESTAMPTZ]"],
      ['{0044-03-15 01:02:03+00 BC}', "=['0044-03-15 (BC) 01:02:03+00'::TIMESTAMPTZ]"],
    ],
  },
  {
    postgres: 'bytea[]',
    duckdb: 'BLOB[]',
    values: [
      ['{"\\\\x00"}', "=['\\x00'::BLOB]"],
      ['{"\\\\x0000"}', "=['\\x00\\x00'::BLOB]"],
    ],
  },
  { postgres: 'inet', duckdb: 'VARCHAR', values: ['10.0.0.1', '10.0.0.0/8'] },
  { postgres: 'point', duckdb: 'VARCHAR', values: ['(1,2)', '(2,1)'] },
];

/** What the samples use beside the types of the server. */
export const POSTGRES_TYPES = `
  CREATE TYPE mood AS ENUM ('happy', 'very sad'); CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
  CREATE DOMAIN share AS numeric(10,3); CREATE DOMAIN weight AS real`;
