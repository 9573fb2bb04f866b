using System.Diagnostics;
using CsCheck;
using ImGateway.Edge.Proxying;

namespace ImGateway.Edge.Tests.Proxying;

/// <summary>W3C Trace Context level 1, and where .NET's own parser differs from it.</summary>
public sealed class TraceParentTests
{
    const string Valid = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    [Theory]
    [InlineData(Valid)]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff")]
    [InlineData("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]
    [InlineData("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-")]
    [InlineData("fe-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future-holds")]
    public void A_header_by_the_specification_is_valid(string header) => Assert.True(TraceParent.TryParse(header, out _));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-")]
    [InlineData("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-012")]
    [InlineData("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]
    [InlineData("FE-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]
    [InlineData("00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331_01")]
    [InlineData("00-00000000000000000000000000000000-b7ad6b7169203331-01")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x")]
    public void Any_other_header_is_not(string? header) => Assert.False(TraceParent.TryParse(header, out _));

    /// <summary>Each position of a valid header with each character of Latin-1.</summary>
    [Fact]
    public void One_changed_character_is_valid_by_the_grammar_alone()
    {
        var wrong = from i in Enumerable.Range(0, Valid.Length)
                    from c in Enumerable.Range(0, 256)
                    let header = string.Concat(Valid.AsSpan(0, i), [(char)c], Valid.AsSpan(i + 1))
                    where TraceParent.TryParse(header, out _) != (Valid[i] == '-' ? c == '-' : char.IsAsciiHexDigitLower((char)c))
                    select header;

        Assert.Empty(wrong);
    }

    /// <summary>.NET's parser takes any separator, and a later version at exactly this length only. Where one of these is mended there, the check here can go.</summary>
    [Fact]
    public void The_parser_of_dotnet_differs_in_separators_and_appended_fields()
    {
        Assert.All((int[])[2, 35, 52], i => Assert.True(IsValidByDotnet(Valid.Remove(i, 1).Insert(i, "x"))));
        Assert.False(IsValidByDotnet($"01{Valid[2..]}-more"));

        var digit = Gen.Char["0123456789abcdefgA- "];
        Gen.Select(digit, digit, Gen.Int[0, Valid.Length - 1], digit).Sample((first, second, changed, by) =>
        {
            var header = $"{first}{second}{Valid[2..]}";
            if (header[changed] != '-') header = header.Remove(changed, 1).Insert(changed, by.ToString());
            return TraceParent.TryParse(header, out _) == IsValidByDotnet(header);
        });
    }

    [Fact]
    public void A_started_header_is_valid_and_new()
    {
        var (one, other) = (TraceParent.Start(), TraceParent.Start());

        Assert.True(TraceParent.TryParse(one, out _));
        Assert.NotEqual(one, other);
    }

    static bool IsValidByDotnet(string header) => ActivityContext.TryParse(header, traceState: null, out _);
}
