using ImGateway.DirectTls.Native;
using ImGateway.DirectTls.OpenSsl;

namespace ImGateway.DirectTls.Tests.OpenSsl;

public sealed class OpenSslLibraryTests
{
    [Theory]
    [InlineData(0x30000000)]
    [InlineData(0x300000F0)]
    [InlineData(0x30500040)]
    public void Versions_3_0_to_3_5_are_known(uint version) => Assert.Null(OpenSslLibrary.ProblemOf(version));

    [Theory]
    [InlineData(0x1010117F, "1.1.")]
    [InlineData(0x30600000, "3.6.0")]
    [InlineData(0x40000000, "4.0.0")]
    public void Another_version_is_named(uint version, string name) => Assert.Contains(name, OpenSslLibrary.ProblemOf(version), StringComparison.Ordinal);

    /// <summary><c>tests/run</c> runs these tests on OpenSSL 3.5 too, and names it by <c>IMGW_TEST_OPENSSL</c>.</summary>
    [Fact]
    public void The_library_in_use_is_known_and_the_expected_one()
    {
        Assert.Null(OpenSslLibrary.Problem());
        var expected = Environment.GetEnvironmentVariable("IMGW_TEST_OPENSSL") ?? "3";
        Assert.StartsWith(expected + ".", OpenSslLibrary.Name((uint)LibCrypto.OpenSSL_version_num().Value), StringComparison.Ordinal);
    }
}
