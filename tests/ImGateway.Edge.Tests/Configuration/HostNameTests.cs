using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Tests.Configuration;

/// <summary>Names in the form that DNS and certificates have (RFC 5890), without culture data.</summary>
public sealed class HostNameTests
{
    [Theory]
    [InlineData("bücher.example", "xn--bcher-kva.example")]
    [InlineData("BÜCHER.example", "xn--bcher-kva.example")]
    [InlineData("*.BÜCHER.Example.", "*.xn--bcher-kva.example")]
    [InlineData("ПРИМЕР.example", "xn--e1afmkfd.example")]
    [InlineData("ΔΟΚΙΜΉ.example", "xn--jxalpdlp.example")]
    [InlineData("ÉCOLE.example", "xn--cole-9oa.example")]
    [InlineData("XN--BCHER-KVA.example", "xn--bcher-kva.example")]
    [InlineData("例え。example", "xn--r8jz45g.example")]
    [InlineData("im_gateway.example.com", "im_gateway.example.com")]
    [InlineData("_im.example.com", "_im.example.com")]
    public void Name_is_lower_case_and_an_A_label(string text, string expected)
    {
        Assert.True(HostName.TryParse(text, out var host));
        Assert.Equal(expected, host.Value);
    }

    [Theory]
    [InlineData("xn--bcher-2pa.example")]
    [InlineData("xn--abc-.example")]
    [InlineData("xn--.example")]
    [InlineData("xn--99999999999.example")]
    [InlineData("bu\u0308cher.example")]
    [InlineData("BU\u0308CHER.example")]
    [InlineData("\u1112\u1161\u11ab.example")]
    [InlineData("bücher .example")]
    [InlineData("b\u00fccher/x.example")]
    [InlineData("b\u200fcher.example")]
    [InlineData("_.example.com")]
    public void What_does_not_survive_the_way_there_and_back_is_no_name(string text) => Assert.False(HostName.TryParse(text, out _));

    /// <summary>Not as data of a theory: the runner would replace it.</summary>
    [Fact]
    public void Half_a_surrogate_pair_is_no_name() => Assert.False(HostName.TryParse("\ud800.example", out _));
}
