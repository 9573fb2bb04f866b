using System.Buffers;
using System.Text;

namespace ImGateway.Edge.Operations;

/// <summary>
/// Escapes client input so that it can neither start a new log line nor control a terminal: C0 and C1 controls, line separators and
/// bidirectional overrides become <c>\uXXXX</c>, which inside a JSON string is the same character.
/// </summary>
/// <param name="lineFeed">What a line feed becomes.</param>
sealed class EscapingWriter(TextWriter inner, string lineFeed) : TextWriter
{
    static readonly SearchValues<char> Unsafe = SearchValues.Create(
        [.. Range('\0', '\u001f'), .. Range('\u007f', '\u009f'), .. Range('\u2028', '\u202e'), .. Range('\u2066', '\u2069')]);

    public override Encoding Encoding => inner.Encoding;

    public override void Write(char value) => Write([value]);

    public override void Write(string? value) => Write(value.AsSpan());

    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    public override void Write(ReadOnlySpan<char> buffer)
    {
        for (int at; (at = buffer.IndexOfAny(Unsafe)) >= 0; buffer = buffer[(at + 1)..])
        {
            inner.Write(buffer[..at]);
            inner.Write(buffer[at] == '\n' ? lineFeed : $"\\u{(int)buffer[at]:x4}");
        }

        inner.Write(buffer);
    }

    public override void WriteLine() => Write('\n');

    static IEnumerable<char> Range(char first, char last) => Enumerable.Range(first, last - first + 1).Select(code => (char)code);
}
