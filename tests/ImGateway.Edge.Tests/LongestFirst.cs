using ImGateway.Edge.Tests.Certificates.Issuance;
using ImGateway.Edge.Tests.Commands;
using ImGateway.Edge.Tests.Operations;
using ImGateway.Edge.Tests.Operations.StatusPage;
using ImGateway.Edge.Tests.Scenarios.Monitoring;
using ImGateway.Edge.Tests.Scenarios.Schedules;
using ImGateway.Edge.Tests.Tls;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(ImGateway.Edge.Tests.LongestFirst))]

namespace ImGateway.Edge.Tests;

/// <summary>Starts the classes that take a minute or longer before the others, so that none of them runs alone at the end.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    static readonly Type[] Longest =
    [
        typeof(DrainTests), typeof(RatingTests), typeof(StatusPageAppearanceTests), typeof(HealthyYearTests), typeof(SchedulesOnTheTrueClockTests),
        typeof(DecadeTests), typeof(FaultScriptTests), typeof(CertificateVerbTests), typeof(BrokenCertificateTests),
    ];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection => [.. testCollections.OrderByDescending(collection => Longest.Any(type => IsOf(collection, type)))];

    /// <summary>The collection of a class has no property for it.</summary>
    static bool IsOf(ITestCollection collection, Type type) => collection.TestCollectionDisplayName.Contains($" {type.FullName} ", StringComparison.Ordinal);
}
