using ImGateway.Edge.Certificates;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Certificates;

public sealed class RenewalPolicyTests
{
    [Theory]
    [InlineData(100, 90, 65, "age")]
    [InlineData(100, 60, 60, "max_age")]
    [InlineData(10, 90, 6.5, "age")]
    public void Next_is_at_maximum_age_or_when_a_third_of_life_is_left(double life, int maxAge, double expected, string reason)
    {
        var notBefore = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        using var ca = TestCa.Create("Renewal Root");
        using var issued = ca.Issue(["gateway.example.com"], notBefore: notBefore, notAfter: notBefore.AddDays(life));
        var next = RenewalPolicy.Next(issued.ToCredential("gateway.example.com"), TimeSpan.FromDays(maxAge));
        Assert.Equal(notBefore.AddDays(expected), next.At);
        Assert.Equal(reason, next.Reason);
    }
}
