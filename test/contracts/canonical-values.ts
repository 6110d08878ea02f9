/** The canonical text of a value with its spellings in the SQL of each engine: literals without quotes, or SQL where they begin with `=`. */
export interface CanonicalValue {
  readonly text: string;
  /** Undefined: the engine has no such value. */
  readonly duckdb?: readonly string[];
  readonly postgres?: readonly string[];
}

/** Values of types that hold them all; different values of a kind have different texts. */
export interface CanonicalKind {
  readonly what: string;
  readonly duckdb: readonly string[];
  readonly postgres: readonly string[];
  readonly values: readonly CanonicalValue[];
}

function both(text: string, ...spellings: readonly string[]): CanonicalValue {
  const all = spellings.length === 0 ? [text] : spellings;
  return { text, duckdb: all, postgres: all };
}

function each(text: string, duckdb: string, postgres: string): CanonicalValue {
  return { text, duckdb: [duckdb], postgres: [postgres] };
}

const HUGE = '170141183460469231731687303715884105727';

/** Of every plane that has characters, and some that are easily taken for others. */
const TEXTS = [
  '',
  ' ',
  'a',
  'a ',
  'a  ',
  ' a',
  'A',
  'NULL',
  'é',
  'e\u0301',
  'ß',
  'ss',
  'İ',
  'i̇',
  '\u00a0',
  '\u200b',
  'x\ufeff',
  '\ufeff',
  '\ufeffa',
  '\ufeff\ufeffa',
  '\ufffd',
  '\ue000',
  '😀',
  '\u{20000}',
  '\u{30000}',
  '\u{e0001}',
  '\u{f0000}',
  '\u{10ffff}',
  "it's",
  '"q"',
  'a\\b',
  'x,y',
  '1:a,',
  '\t',
  'line\nbreak',
  'line\r\nbreak',
  '\u0001',
  '\u007f',
  '\u2028',
];

export const KINDS: readonly CanonicalKind[] = [
  {
    what: 'whole numbers',
    duckdb: ['BIGINT', 'HUGEINT', 'DECIMAL(38,0)'],
    postgres: ['bigint', 'numeric', 'numeric(38,0)'],
    values: [
      '0',
      '1',
      '-1',
      '4294967295',
      '9007199254740992',
      '9007199254740993',
      '9223372036854775807',
      '-9223372036854775808',
    ].map((text) => both(text)),
  },
  {
    what: 'numbers of 39 digits',
    duckdb: ['HUGEINT'],
    postgres: ['numeric(39,0)', 'numeric'],
    values: [
      both('0'),
      both('-1'),
      both(HUGE),
      both(`-${HUGE}`),
      both('18446744073709551616'),
      both('18446744073709551617'),
    ],
  },
  {
    what: 'decimals of several scales',
    duckdb: ['DECIMAL(18,2)', 'DECIMAL(20,6)'],
    postgres: ['numeric(18,2)', 'numeric(20,6)', 'numeric'],
    values: [
      both('0', '0', '-0.00', '0.0'),
      both('1.5', '1.5', '1.50'),
      both('-0.5'),
      both('0.05'),
      both('100', '100', '100.00'),
      both('-1.5'),
    ],
  },
  {
    what: 'decimals of 128 bits',
    duckdb: ['DECIMAL(38,2)', 'DECIMAL(20,2)', 'DECIMAL(38,4)'],
    postgres: ['numeric(38,2)', 'numeric(38,4)'],
    values: [both('0'), both('-0.01'), both('0.01'), both('184467440737095516.17')],
  },
  {
    what: 'decimals below 1',
    duckdb: ['DECIMAL(4,4)', 'DECIMAL(38,38)', 'DECIMAL(9,4)'],
    postgres: ['numeric(4,4)', 'numeric'],
    values: [both('0'), both('0.5', '0.5', '.5000'), both('-0.5'), both('0.0001'), both('-0.0001')],
  },
  {
    what: 'numerics that are no numbers',
    duckdb: [],
    postgres: ['numeric'],
    values: [
      { text: 'NaN', postgres: ['NaN'] },
      { text: 'Infinity', postgres: ['Infinity'] },
      { text: '-Infinity', postgres: ['-Infinity'] },
      { text: '1', postgres: ['1', '1.000'] },
      { text: '0.00000000000000000000000000000000000000001', postgres: ['1e-41'] },
    ],
  },
  {
    what: 'doubles',
    duckdb: ['DOUBLE'],
    postgres: ['double precision'],
    values: [
      both('0.0', '0', '-0.0'),
      both('NaN', 'NaN'),
      both('Infinity'),
      both('-Infinity'),
      both('0.1'),
      both('0.3'),
      both('0.30000000000000004'),
      both('100.0', '100'),
      both('-1.25'),
      both('0.0001'),
      both('1e-05', '0.00001'),
      both('1.5e-07'),
      both('999999999999999.0', '999999999999999'),
      both('999999999999999.9'),
      both('1000000000000000.0', '1e15'),
      both('1000000000000000.1', '1000000000000000.125'),
      both('-4503599627370498.0', '-4503599627370498'),
      both('9007199254740992.0', '9007199254740992'),
      both('9999999999999998.0', '9999999999999998'),
      both('1e+16', '1e16'),
      both('1e+20', '1e20', '100000000000000000000'),
      both('1e+22', '1e22'),
      both('5e-324'),
      both('-5e-324'),
      both('2.2250738585072014e-308'),
      both('1.7976931348623157e+308'),
    ],
  },
  {
    what: 'single floats, as the doubles that they are',
    duckdb: ['FLOAT', 'DOUBLE'],
    postgres: ['real', 'double precision'],
    values: [both('0.0', '0', '-0'), both('0.5'), both('16777216.0', '16777216'), both('NaN'), both('Infinity')],
  },
  {
    what: 'single floats alone',
    duckdb: ['FLOAT'],
    postgres: ['real'],
    values: [
      both('0.10000000149011612', '0.1'),
      both('1.0000000200408773e+20', '1e20'),
      both('1.401298464324817e-45', '1e-45'),
    ],
  },
  { what: 'truth values', duckdb: ['BOOLEAN'], postgres: ['boolean'], values: [both('true'), both('false')] },
  {
    what: 'texts',
    duckdb: ['VARCHAR', 'VARCHAR COLLATE NOCASE'],
    postgres: ['text', 'character varying(20)', 'text COLLATE nocase', 'citext'],
    values: TEXTS.map((text) => both(text)),
  },
  {
    what: 'blank-padded texts: the blanks are not part of them',
    duckdb: [],
    postgres: ['character(4)', 'character(6)'],
    values: [
      { text: '', postgres: ['', '   '] },
      { text: 'a', postgres: ['a', 'a '] },
      { text: ' a', postgres: [' a'] },
      { text: 'A', postgres: ['A'] },
    ],
  },
  {
    what: 'enums, as their labels',
    duckdb: ["ENUM('b', 'a', 'A', '')", 'VARCHAR'],
    postgres: ['mood', 'text'],
    values: [both('b'), both('a'), both('A'), both('')],
  },
  {
    what: 'bytes',
    duckdb: ['BLOB'],
    postgres: ['bytea'],
    values: [
      both('\\x', ''),
      both('\\x61', 'a'),
      both('\\x00', '\\x00'),
      each('\\x0000', '\\x00\\x00', '\\x0000'),
      both('\\xff', '\\xFF'),
    ],
  },
  {
    what: 'dates',
    duckdb: ['DATE'],
    postgres: ['date'],
    values: [
      both('0001-01-01'),
      both('1582-10-10'),
      both('1969-12-31'),
      both('2024-02-29'),
      both('9999-12-31'),
      both('10000-01-01'),
      both('infinity'),
      both('-infinity'),
      each('0044-03-15 (BC)', '0044-03-15 (BC)', '0044-03-15 BC'),
      each('0001-12-31 (BC)', '0001-12-31 (BC)', '0001-12-31 BC'),
      both('0044-03-15'),
    ],
  },
  {
    what: 'timestamps',
    duckdb: ['TIMESTAMP', 'TIMESTAMPTZ'],
    postgres: ['timestamp', 'timestamptz'],
    values: [
      both('0001-01-01 00:00:00.000000'),
      both('1969-12-31 23:59:59.999999'),
      both('2024-03-31 01:30:00.000000', '2024-03-31 01:30:00'),
      both('2024-03-31 01:30:00.000001'),
      both('2024-03-31 02:30:00.500000', '2024-03-31 02:30:00.5'),
      both('9999-12-31 23:59:59.999999'),
      both('10000-01-01 00:00:00.000000'),
      both('infinity'),
      both('-infinity'),
      each('0044-03-15 (BC) 12:00:00.000001', '0044-03-15 (BC) 12:00:00.000001', '0044-03-15 12:00:00.000001 BC'),
      both('0044-03-15 12:00:00.000001'),
    ],
  },
  {
    what: 'moments, gaps and overlaps of summer time',
    duckdb: ['TIMESTAMPTZ'],
    postgres: ['timestamptz'],
    values: [
      both('2024-03-31 00:59:59.000000', '2024-03-31 01:59:59+01', '2024-03-31 00:59:59+00'),
      both('2024-03-31 01:00:00.000000', '2024-03-31 03:00:00+02', '2024-03-31 01:00:00+00'),
      both('2024-10-27 00:30:00.000000', '2024-10-27 02:30:00+02'),
      both('2024-10-27 01:30:00.000000', '2024-10-27 02:30:00+01'),
      both('2024-01-01 00:00:00.500000', '2024-01-01 05:30:00.5+05:30'),
    ],
  },
  {
    what: 'nanoseconds',
    duckdb: ['TIMESTAMP_NS'],
    postgres: [],
    values: [
      { text: '2024-01-01 00:00:00.000000', duckdb: ['2024-01-01 00:00:00'] },
      { text: '2024-01-01 00:00:00.500000', duckdb: ['2024-01-01 00:00:00.5'] },
      { text: '2024-01-01 00:00:00.123456789', duckdb: ['2024-01-01 00:00:00.123456789'] },
      { text: '2024-01-01 00:00:00.123456', duckdb: ['2024-01-01 00:00:00.123456'] },
    ],
  },
  {
    what: 'times of day',
    duckdb: ['TIME'],
    postgres: ['time'],
    values: [both('00:00:00'), both('23:59:59.999999'), both('12:30:00.5'), both('24:00:00')],
  },
  {
    what: 'times of day with a zone',
    duckdb: ['TIMETZ'],
    postgres: ['timetz'],
    values: [both('01:00:00+00'), both('02:00:00+01'), both('02:00:00-05:30'), both('00:00:00.5+00')],
  },
  {
    what: 'intervals: a month is not 30 days, and a day not 24 hours',
    duckdb: ['INTERVAL'],
    postgres: ['interval'],
    values: [
      both('00:00:00', '0 days', '00:00:00'),
      both('1 month'),
      both('-1 month'),
      both('30 days'),
      both('24:00:00', '24 hours', '1440 minutes'),
      both('1 day'),
      both('-1 day'),
      both('-11 days'),
      both('1 year 2 months', '14 months'),
      both('-1 year -2 months', '-14 months'),
      both('-1 year 3 days'),
      both('1 day -01:00:00'),
      both('1 month -1 day 02:03:04.000005'),
      both('00:00:01.5'),
      both('-00:00:01.5'),
      both('100:00:00', '100 hours'),
    ],
  },
  {
    what: 'uuids',
    duckdb: ['UUID'],
    postgres: ['uuid'],
    values: [
      both('00000000-0000-0000-0000-000000000000'),
      both(
        'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
        'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11',
        'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
      ),
      both('ffffffff-ffff-ffff-ffff-ffffffffffff'),
      both('80000000-0000-0001-8000-000000000001'),
    ],
  },
  {
    what: 'lists of texts',
    duckdb: ['VARCHAR[]'],
    postgres: ['text[]', 'character varying(20)[]', 'citext[]', 'text[] COLLATE nocase'],
    values: [
      each('[]', '=[]', '{}'),
      each('[null]', '=[NULL]', '{NULL}'),
      each('["NULL"]', "=['NULL']", '{"NULL"}'),
      each('[""]', "=['']", '{""}'),
      each('["a","b"]', "=['a', 'b']", '{a,b}'),
      each('["A","b"]', "=['A', 'b']", '{A,b}'),
      each('["b","a"]', "=['b', 'a']", '{b,a}'),
      each('["a,b"]', "=['a,b']", '{"a,b"}'),
      each('["a\\"b","c\\\\d"]', `=['a"b', 'c\\d']`, '{"a\\"b","c\\\\d"}'),
      each('["é😀/"," x "]', "=['é😀/', ' x ']", '{é😀/," x "}'),
      each('["\\t\\n\\u0001"]', `=['\t\n\u0001']`, `{"\t\n\u0001"}`),
    ],
  },
  {
    what: 'lists of numbers',
    duckdb: ['DECIMAL(10,2)[]', 'DECIMAL(12,4)[]'],
    postgres: ['numeric(10,2)[]', 'numeric(12,4)[]', 'numeric[]'],
    values: [
      each('["1.5",null]', '=[1.5, NULL]', '{1.50,NULL}'),
      each('["1.5"]', '=[1.5]', '{1.5}'),
      each('["-1.5"]', '=[-1.5]', '{-1.5}'),
      each('["0.05"]', '=[0.05]', '{0.05}'),
      each('["100","0"]', '=[100, 0]', '{100,-0.00}'),
      each('[]', '=[]', '{}'),
    ],
  },
  {
    what: 'lists of doubles',
    duckdb: ['DOUBLE[]'],
    postgres: ['double precision[]'],
    values: [
      { text: '["0.0"]', duckdb: ["=['-0.0']", "=['0']"], postgres: ['{0}', '{-0}'] },
      each('["100.0","1000000000000000.0"]', '=[100, 1e15]', '{100,1e15}'),
      each('["NaN","Infinity"]', "=['NaN', 'Infinity']", '{NaN,Infinity}'),
      each('["NaN"]', "=['NaN']", '{NaN}'),
    ],
  },
  {
    what: 'lists of times and bytes',
    duckdb: ['TIMESTAMP[]'],
    postgres: ['timestamp[]'],
    values: [
      each('["2024-01-01 00:00:00.500000",null]', "=['2024-01-01 00:00:00.5', NULL]", '{2024-01-01 00:00:00.5,NULL}'),
      each('["0044-03-15 (BC) 00:00:00.000000"]', "=['0044-03-15 (BC) 00:00:00']", '{0044-03-15 00:00:00 BC}'),
      each('["infinity"]', "=['infinity']", '{infinity}'),
    ],
  },
  {
    what: 'lists of moments',
    duckdb: ['TIMESTAMPTZ[]'],
    postgres: ['timestamptz[]'],
    values: [
      each('["2023-12-31 22:00:00.000000"]', "=['2024-01-01 00:00:00+02']", '{2024-01-01 00:00:00+02}'),
      each('["2023-12-31 22:00:00.000001"]', "=['2023-12-31 22:00:00.000001+00']", '{2023-12-31 22:00:00.000001+00}'),
    ],
  },
  {
    what: 'lists of bytes',
    duckdb: ['BLOB[]'],
    postgres: ['bytea[]'],
    values: [each('["\\\\xaa"]', "=['\\xAA'::BLOB]", '{"\\\\xaa"}'), each('["\\\\x"]', "=[''::BLOB]", '{"\\\\x"}')],
  },
  {
    what: 'lists of intervals',
    duckdb: ['INTERVAL[]'],
    postgres: ['interval[]'],
    values: [each('["1 month"]', "=['1 month']", '{1 month}'), each('["30 days"]', "=['30 days']", '{30 days}')],
  },
  {
    what: 'lists in lists',
    duckdb: ['VARCHAR[][]'],
    postgres: ['text[]'],
    values: [
      each('[["a","b"],["c",null]]', "=[['a', 'b'], ['c', NULL]]", '{{a,b},{c,NULL}}'),
      each('[["a, b"]]', "=[['a, b']]", '{{"a, b"}}'),
      each('[["a","b"]]', "=[['a', 'b']]", '{{a,b}}'),
      { text: '[[]]', duckdb: ['=[[]]'] },
      { text: '[null]', duckdb: ['=[NULL]'], postgres: ['{NULL}'] },
    ],
  },
  {
    what: 'lists in lists of numbers',
    duckdb: ['DECIMAL(10,2)[][]', 'DECIMAL(12,4)[2][]', 'DECIMAL(10,2)[2][2]'],
    postgres: ['numeric(10,2)[]', 'numeric(10,2)[][]', 'numeric[]'],
    values: [
      each('[["1.5",null],["-0.05","100"]]', '=[[1.5, NULL], [-0.05, 100]]', '{{1.50,NULL},{-0.05,100.00}}'),
      each('[["1.5","-0.05"],[null,"100"]]', '=[[1.5, -0.05], [NULL, 100]]', '{{1.5,-0.05},{NULL,100}}'),
      each('[["1.5","0"],["0","0"]]', '=[[1.5, 0], [0, 0]]', '{{1.50,-0},{0,0.0}}'),
    ],
  },
  {
    what: 'lists of three dimensions',
    duckdb: ['DOUBLE[][][]'],
    postgres: ['double precision[]'],
    values: [
      each(
        '[[["1.0","2.0","3.0"]],[["4.0","5.0",null]]]',
        '=[[[1, 2, 3]], [[4, 5, NULL]]]',
        '{{{1,2,3}},{{4,5,NULL}}}',
      ),
      each(
        '[[["1.0"],["2.0"],["3.0"]],[["4.0"],["5.0"],[null]]]',
        '=[[[1], [2], [3]], [[4], [5], [NULL]]]',
        '{{{1},{2},{3}},{{4},{5},{NULL}}}',
      ),
      each('[[["1.0"]]]', '=[[[1]]]', '{{{1}}}'),
      each('[[["NaN"]]]', "=[[['NaN'::DOUBLE]]]", '{{{NaN}}}'),
      each('[]', '=[]', '{}'),
      { text: '[[["1.0"],[]]]', duckdb: ['=[[[1], []]]'] },
      { text: '[[],null]', duckdb: ['=[[], NULL]'] },
    ],
  },
  {
    what: 'lists in lists of moments',
    duckdb: ['TIMESTAMPTZ[][]'],
    postgres: ['timestamptz[]'],
    values: [
      each('[["2023-12-31 22:00:00.000000"]]', "=[['2024-01-01 00:00:00+02']]", '{{2024-01-01 00:00:00+02}}'),
      each(
        '[["0044-03-15 (BC) 00:00:00.000000",null]]',
        "=[['0044-03-15 (BC) 00:00:00+00', NULL]]",
        '{{0044-03-15 00:00:00+00 BC,NULL}}',
      ),
    ],
  },
  {
    what: 'lists in lists of intervals',
    duckdb: ['INTERVAL[][]'],
    postgres: ['interval[]'],
    values: [
      each('[["1 month"],["00:00:01.5"]]', "=[['1 month'], ['1.5 seconds']]", '{{1 month},{1.5 seconds}}'),
      each('[["30 days"],["00:00:01.5"]]', "=[['30 days'], ['1.5 seconds']]", '{{30 days},{1.5 seconds}}'),
    ],
  },
  {
    what: 'arrays that do not begin at 1',
    duckdb: [],
    postgres: ['integer[]', 'numeric[]', 'text[]'],
    values: [
      { text: '["1","2"]', postgres: ['{1,2}', '[1:2]={1,2}'] },
      { text: '[0:1]=["1","2"]', postgres: ['[0:1]={1,2}'] },
      { text: '[2:3]=["1","2"]', postgres: ['[2:3]={1,2}'] },
      { text: '[1:1][2:3]=[["1","2"]]', postgres: ['[1:1][2:3]={{1,2}}'] },
      { text: '[["1","2"]]', postgres: ['{{1,2}}', '[1:1][1:2]={{1,2}}'] },
    ],
  },
  {
    what: 'structs',
    duckdb: ['STRUCT(b VARCHAR, a INTEGER)', 'STRUCT(a INTEGER, b VARCHAR)', 'STRUCT(a BIGINT, b VARCHAR)'],
    postgres: ['pair'],
    values: [
      each('{"a":"1","b":"x"}', "={'a': 1, 'b': 'x'}", '(1,x)'),
      each('{"a":"1","b":"X"}', "={'a': 1, 'b': 'X'}", '(1,X)'),
      each('{"a":null,"b":null}', "={'a': NULL, 'b': NULL}", '(,)'),
      each('{"a":null,"b":"NULL"}', "={'a': NULL, 'b': 'NULL'}", '(,NULL)'),
      each('{"a":null,"b":""}', "={'a': NULL, 'b': ''}", '(,"")'),
    ],
  },
  {
    what: 'structs of numbers',
    duckdb: ['STRUCT("a ""b" FLOAT)', 'STRUCT("a ""b" DOUBLE)'],
    postgres: [],
    values: [
      { text: '{"a \\"b":"0.0"}', duckdb: [`={'a "b': 0.0}`, `={'a "b': '-0.0'::FLOAT}`] },
      { text: '{"a \\"b":"0.5"}', duckdb: [`={'a "b': 0.5}`] },
      { text: '{"a \\"b":"0.10000000149011612"}', duckdb: [`={'a "b': 0.1::FLOAT}`] },
      { text: '{"a \\"b":"NaN"}', duckdb: [`={'a "b': 'NaN'::FLOAT}`] },
    ],
  },
  {
    what: 'structs in lists in structs',
    duckdb: [
      "STRUCT(l STRUCT(d DECIMAL(10,2), e ENUM('a,b', 'c)'))[])",
      'STRUCT(l STRUCT(d DECIMAL(12,4), e VARCHAR)[])',
    ],
    postgres: [],
    values: [
      { text: '{"l":[{"d":"1.5","e":"a,b"},null]}', duckdb: ["={'l': [{'d': 1.5, 'e': 'a,b'}, NULL]}"] },
      {
        text: '{"l":[{"d":"1.5","e":"c)"},{"d":null,"e":null}]}',
        duckdb: ["={'l': [{'d': 1.5, 'e': 'c)'}, {'d': NULL, 'e': NULL}]}"],
      },
      { text: '{"l":[]}', duckdb: ["={'l': []}"] },
      { text: '{"l":null}', duckdb: ["={'l': NULL}"] },
    ],
  },
  {
    what: 'structs of intervals',
    duckdb: ['STRUCT(a INTERVAL)'],
    postgres: [],
    values: [
      { text: '{"a":"1 month"}', duckdb: ["={'a': INTERVAL 1 month}"] },
      { text: '{"a":"30 days"}', duckdb: ["={'a': INTERVAL 30 days}"] },
    ],
  },
  {
    what: 'maps, which have no order',
    duckdb: ['MAP(VARCHAR, INTEGER)', 'MAP(VARCHAR, BIGINT)'],
    postgres: [],
    values: [
      { text: '[["a","1"],["b",null]]', duckdb: ["=MAP {'a': 1, 'b': NULL}", "=MAP {'b': NULL, 'a': 1}"] },
      { text: '[["a","1"]]', duckdb: ["=MAP {'a': 1}"] },
      { text: '[["a",null]]', duckdb: ["=MAP {'a': NULL}"] },
      { text: '[]', duckdb: ['=MAP {}'] },
    ],
  },
  {
    what: 'unions',
    duckdb: ['UNION(a INTEGER, b VARCHAR)'],
    postgres: [],
    values: [
      { text: '["a","1"]', duckdb: ['=union_value(a := 1)'] },
      { text: '["b","1"]', duckdb: ["=union_value(b := '1')"] },
      { text: '["a",null]', duckdb: ['=union_value(a := NULL::INTEGER)'] },
    ],
  },
  {
    what: 'unions in structs and lists',
    duckdb: ['STRUCT(u UNION(a INTEGER, b VARCHAR)[])'],
    postgres: [],
    values: [
      { text: '{"u":[["a","1"]]}', duckdb: ["={'u': [union_value(a := 1)]}"] },
      { text: '{"u":[["b","1"]]}', duckdb: ["={'u': [union_value(b := '1')]}"] },
    ],
  },
  {
    what: 'bits',
    duckdb: ['BIT'],
    postgres: [],
    values: [
      { text: '101', duckdb: ['101'] },
      { text: '0101', duckdb: ['0101'] },
    ],
  },
  {
    what: 'numbers of any length',
    duckdb: ['BIGNUM'],
    postgres: [],
    values: [
      {
        text: '123456789012345678901234567890123456789012345678901234567890',
        duckdb: ['123456789012345678901234567890123456789012345678901234567890'],
      },
      {
        text: '123456789012345678901234567890123456789012345678901234567891',
        duckdb: ['123456789012345678901234567890123456789012345678901234567891'],
      },
      { text: '-1', duckdb: ['-1'] },
      { text: '1', duckdb: ['1'] },
    ],
  },
  {
    what: 'shapes',
    duckdb: ['GEOMETRY'],
    postgres: [],
    values: [
      { text: 'POINT (1 2)', duckdb: ['POINT(1 2)'] },
      { text: 'POINT (1 3)', duckdb: ['POINT(1 3)'] },
      { text: 'LINESTRING (1 2, 3 4)', duckdb: ['LINESTRING(1 2, 3 4)'] },
    ],
  },
  {
    what: 'whole numbers of 128 bits',
    duckdb: ['UHUGEINT'],
    postgres: [],
    values: [
      { text: '340282366920938463463374607431768211455', duckdb: ['340282366920938463463374607431768211455'] },
      { text: '340282366920938463463374607431768211454', duckdb: ['340282366920938463463374607431768211454'] },
      { text: '0', duckdb: ['0'] },
    ],
  },
  {
    what: 'JSON, as it is written',
    duckdb: ['JSON'],
    postgres: ['json'],
    values: [
      both('{"a":1}'),
      both('{"a":2}'),
      both('9007199254740993'),
      both('9007199254740992'),
      both('null'),
      both('"é"'),
      both('[]'),
    ],
  },
];
